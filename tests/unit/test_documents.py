"""What is generated from the code is in step with it."""

from scripts.documents import differing


def test_the_generated_documents_are_those_of_the_code() -> None:
    assert differing() == [], "run `make docs`"
