"""The ``backoffice`` command. Eventlet has to patch the standard library before anything else is imported, so this
module imports nothing, and ``main`` patches first."""


def main() -> None:
    """The console script."""
    import warnings

    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    # psycopg2 is patched by whoever uses it: most services must not even import it.
    eventlet.monkey_patch(psycopg=False)

    from services.cli import output
    from services.cli.program import backoffice

    output.accept_every_character()
    backoffice(prog_name="backoffice")
