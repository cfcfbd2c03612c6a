"""How what was found is said."""

import pytest

from services.info.findings import named, spans_in, spans_of


def test_rows_are_named_in_ranges() -> None:
    assert named(spans_of([5])) == "row 5 was"
    assert named(spans_of([5, 7, 8, 9])) == "rows 5, 7 to 9 were"
    assert named(spans_of(range(0, 100, 2))).endswith("38 and 30 more were")
    assert spans_in("{[1,5),[7,9)}") == (range(1, 5), range(7, 9))
    assert spans_in("{}") == ()
    with pytest.raises(ValueError):
        spans_in("{(,5)}")
