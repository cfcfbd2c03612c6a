"""Unit tests mirror the modules, integration tests use a real RabbitMQ and PostgreSQL, system tests the whole."""

import pytest

pytest.register_assert_rewrite("tests.broker_contract")
