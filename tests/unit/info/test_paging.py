"""A page ends by number or by bytes, and the next one begins where it ended."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from services.contracts.sizes import LARGEST_PAGE, size_of
from services.contracts.validation import Invalid
from services.info.paging import a_text, an_id, cursor_of, page, values_of


class Rows:
    """Numbered rows of some sizes; ``asked`` is what was read of them."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.asked: list[tuple[int | None, int]] = []

    def read(self, after: int | None, count: int) -> list[int]:
        self.asked.append((after, count))
        first = 0 if after is None else after + 1
        return list(range(first, min(first + count, len(self.sizes))))

    def page(self, limit: int, after: int | None = None, portion: int = 50) -> tuple[list[Any], int | None]:
        return page(self.read, lambda row: row, self.show, limit, after, portion)

    def show(self, row: int) -> str:
        return "x" * (self.sizes[row] - len('""'))

    def all(self, limit: int, portion: int = 50) -> list[list[Any]]:
        """Page by page."""
        after: int | None = None
        pages = []
        while True:
            entries, after = self.page(limit, after, portion)
            pages.append(entries)
            if after is None:
                return pages


def test_a_page_of_small_rows_is_one_reading_and_ends_by_number() -> None:
    rows = Rows([10] * 30)
    entries, after = rows.page(20)
    assert (len(entries), after) == (20, 19)
    assert rows.asked == [(None, 21)]


def test_the_last_page_has_no_next() -> None:
    assert Rows([10] * 20).page(20)[1] is None
    assert Rows([]).page(20) == ([], None)
    assert Rows([10] * 100).page(100, portion=50)[1] is None


def test_a_page_of_large_rows_ends_before_the_one_that_would_be_too_much() -> None:
    rows = Rows([LARGEST_PAGE // 3 - 1] * 10)
    entries, after = rows.page(10)
    assert (len(entries), after) == (3, 2)
    assert size_of(entries) <= LARGEST_PAGE + len("[]")


def test_a_row_that_is_larger_than_a_page_is_one_by_itself() -> None:
    pages = Rows([10, LARGEST_PAGE * 2, 10, 10]).all(50)
    assert [len(entries) for entries in pages] == [1, 1, 2]


@pytest.mark.parametrize("limit", [1, 7, 60, 200])
@pytest.mark.parametrize("portion", [1, 10, 50])
def test_every_row_is_on_one_page(limit: int, portion: int) -> None:
    sizes = [10 + (number * 7_919) % 60_000 for number in range(137)]
    pages = Rows(sizes).all(limit, portion)
    assert [len(entry) + 2 for entries in pages for entry in entries] == sizes
    assert all(0 < len(entries) <= limit for entries in pages)


def test_few_rows_are_read_at_a_time_and_no_more_than_are_needed() -> None:
    rows = Rows([LARGEST_PAGE // 20] * 1_000)
    rows.page(200, portion=10)
    assert [count for _, count in rows.asked] == [10, 10]


def test_a_cursor_holds_the_longest_name_in_any_script() -> None:
    for character in "a", "漢", "\N{GRINNING FACE}", "\\":
        cursor = cursor_of(character * 200, 2**63 - 1)
        assert len(cursor) <= 2_000
        assert values_of(cursor, a_text, an_id) == [character * 200, 2**63 - 1]


@pytest.mark.parametrize("text", ["[" * 1_400, "[1" * 700, "nan", '"'])
def test_a_cursor_that_was_not_made_here_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        values_of(urlsafe_b64encode(text.encode()).decode(), an_id)
