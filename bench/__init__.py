"""The benchmark: ``python -m bench``. What it measures, and how, stands in each module."""

import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
