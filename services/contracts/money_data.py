"""Data of actions that holds amounts beside their currency."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.contracts.action import ActionData
from services.contracts.money import PLACES, TooPrecise, in_currency

USUAL_PLACES = 2


def needs_currency(schema: dict[str, Any]) -> None:
    """Have the schema of the data say which members need a currency, and which currencies have not two places."""
    names = [name for name in ("min_amount", "max_amount") if name in schema["properties"]]
    if "amount" in schema["properties"]:
        unusual = {currency: places for currency, places in PLACES.items() if places != USUAL_PLACES}
        schema["properties"]["amount"]["x-places"] = unusual
    if names:
        schema["dependentRequired"] = {name: ["currency"] for name in names}


class MoneyData(ActionData):
    """Data whose amounts are of its member ``currency``: they get the decimal places of that currency.

    A member that cannot be given without a currency is a fault of its own when there is none.
    """

    model_config = ConfigDict(json_schema_extra=needs_currency)

    amounts: ClassVar[tuple[str, ...]] = ("min_amount", "max_amount")

    @model_validator(mode="after")
    def _amounts_in_currency(self) -> Self:
        """Raise ``currency_missing`` or ``places``, each at its member."""
        exact: dict[str, Decimal] = {}
        faults = list(self._faults(exact))
        if faults:
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self.model_copy(update=exact) if exact else self

    def _faults(self, exact: dict[str, Decimal]) -> Iterator[InitErrorDetails]:
        currency: str | None = getattr(self, "currency", None)
        for name in self._of_a_currency():
            value = getattr(self, name)
            if currency is None:
                yield _fault(name, value, "currency_missing", {})
            elif isinstance(value, Decimal):
                try:
                    exact[name] = in_currency(value, currency)
                except TooPrecise:
                    yield _fault(name, value, "places", {"currency": currency, "places": PLACES[currency]})

    def _of_a_currency(self) -> list[str]:
        stated = [name for name in self.amounts if getattr(self, name) is not None]
        return [*stated, "sort"] if getattr(self, "sort", None) == "amount" else stated


def _fault(name: str, value: Any, kind: str, context: Mapping[str, Any]) -> InitErrorDetails:
    return {
        "type": PydanticCustomError(kind, "does not fit its currency", dict(context)),
        "loc": (name,),
        "input": value,
    }
