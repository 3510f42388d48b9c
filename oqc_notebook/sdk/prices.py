"""What running something costs, where its QPU has a price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from oqc_notebook.sdk.configs import shots_of

if TYPE_CHECKING:
    from oqc_notebook.sdk.job import Job


@dataclass(frozen=True)
class Price:
    """What a QPU asks for. The service does not tell the currency.

    Attributes
    ----------
    per_task, per_shot
        For each task, and for each shot of it.
    """

    per_task: Decimal
    per_shot: Decimal

    @classmethod
    def of(cls, item: dict[str, Any]) -> Price | None:
        """Read a QPU's price from its entry in the list of QPUs; None if it is free."""
        price = cls(_amount(item.get("price_per_task")), _amount(item.get("price_per_shot")))
        return price if price.per_task or price.per_shot else None

    def __str__(self) -> str:
        parts = [(self.per_task, "a task"), (self.per_shot, "a shot")]
        return " + ".join(f"{amount:f} {what}" for amount, what in parts if amount)


@dataclass(frozen=True)
class Estimate:
    """What running jobs costs, as far as prices and shots tell.

    Attributes
    ----------
    amount
        The sum, in the unit of the QPU's price.
    tasks, shots
        How many are paid for.
    prices
        The prices that were used.
    """

    amount: Decimal
    tasks: int
    shots: int
    prices: frozenset[Price]

    def __str__(self) -> str:
        if self.amount >= Decimal("0.1"):
            return f"{self.amount:.2f}"
        return f"{self.amount.normalize():f}"

    @property
    def words(self) -> str:
        """How the sum comes about."""
        tasks = "1 task" if self.tasks == 1 else f"{self.tasks} tasks"
        shots = "1 shot" if self.shots == 1 else f"{self.shots} shots"
        if len(self.prices) > 1:
            return f"{tasks} and {shots} at {len(self.prices)} prices"
        (price,) = self.prices
        parts = [(tasks, price.per_task), (shots, price.per_shot)]
        return " + ".join(f"{what} at {each:f}" for what, each in parts if each)


def estimate(jobs: Sequence[Job]) -> Estimate | None:
    """Estimate what running jobs once costs; None if all of it is free, or no price is known."""
    offered: dict[tuple[int, str], Price | None] = {}
    amount, tasks, shots = Decimal(0), 0, 0
    for job in jobs:
        key = (id(job._client), job.qpu_id)
        if key not in offered:
            item = {} if job._client is None else job._client.qpu_item(job.qpu_id)
            offered[key] = Price.of(item)
        price = offered[key]
        if price is not None:
            of_job = shots_of(job.config)
            amount += price.per_task + of_job * price.per_shot
            tasks, shots = tasks + 1, shots + of_job
    prices = frozenset(price for price in offered.values() if price is not None)
    return Estimate(amount, tasks, shots, prices) if prices else None


def _amount(value: Any) -> Decimal:
    """Read a price; servers send text or a number, and 0 or nothing for what is free."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return amount if amount.is_finite() and amount > 0 else Decimal(0)
