"""The widget: passes what the browser asks for to the cohort, and what the cohort says to the browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..errors import RunError, UserError
from ..reviews import NAME, OVERALL, STATUSES, Agreement, agreement, append, decide_fact, decide_verdict
from ..schema import ASSERTIONS, KINDS
from . import view
from .cohort import Cohort

if TYPE_CHECKING:
    from ..api import Results

_HERE = Path(__file__).parent


class Desk(anywidget.AnyWidget):
    """The reviewer's desk over a finished run.

    `run` is a run's folder or the Results of `bvn_evidence.run`; `notes` are the notes it read. Decisions are appended
    to `reviews` (default: reviews.jsonl beside the run's tables) under the name `reviewer`, and verdicts follow. The
    options of the run are taken from its run.json; for Results give those that were used. Raises UserError.
    """

    _esm = _HERE / "desk.js"
    _css = _HERE / "desk.css"
    setup = traitlets.Dict().tag(sync=True)
    patients: traitlets.List[Any] = traitlets.List().tag(sync=True)
    chart = traitlets.Dict().tag(sync=True)
    policy = traitlets.Unicode().tag(sync=True)
    reviewer = traitlets.Unicode().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        run: str | Path | Results,
        notes: str | Path,
        *,
        reviews: str | Path | None = None,
        reviewer: str = "",
        patient: str | None = None,
        policy: str | Sequence[str] | None = None,
        as_of: str | None = None,
        id_pattern: str | None = None,
        manifest: str | Path | None = None,
    ) -> None:
        if reviews is None and not isinstance(run, (str, Path)):
            raise UserError("say where decisions go: Desk(results, notes, reviews='reviews.jsonl')")
        file = Path(reviews) if reviews is not None else Path(str(run)) / NAME
        self.cohort = Cohort(run, notes, file, policy, as_of, id_pattern, manifest)
        policies = list(self.cohort.policies)
        super().__init__(
            reviewer=reviewer,
            policy=policies[0],
            setup={"kinds": KINDS, "assertions": ASSERTIONS, "statuses": STATUSES, "overall": OVERALL,
                   "form": view.form(), "policies": policies},
        )  # fmt: skip
        self.on_msg(self._heard)
        self._list()
        self.show_patient(patient or self.cohort.patients[0])

    def __repr__(self) -> str:
        decided = len(self.cohort.reviews.decisions)
        return f"Desk({len(self.cohort.patients)} patients, {self.policy}, {decided} decisions)"

    def show_patient(self, patient: str) -> None:
        """Show a patient's chart."""
        if patient not in self.cohort.patients:
            raise UserError(f"this run has no patient {patient!r}")
        self.chart = view.chart(self.cohort, patient, self.policy)

    def decide(
        self, what: str, *, fact: str | None = None, criterion: str | None = None, why: str = "",
        change: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Record a decision of `reviewer` about a fact (its fact_id or key) or a criterion of the open patient;
        `change` is {"assertion", "attributes"} or {"status"}. The verdicts follow. Raises UserError."""
        patient = self.chart["patient"]
        standing = self.cohort.standing(patient, self.policy)
        if criterion is not None:
            if criterion not in standing.said:
                raise UserError(f"{criterion!r} is no criterion of {self.policy}")
            to = (change or {}).get("status")
            decision = decide_verdict(
                patient, self.policy, criterion, standing.said[criterion], self.reviewer, what, why, to
            )
        else:
            found = [one for one in standing.found if fact in (one.fact_id, view.key_of(one))]
            if not found:
                raise UserError("this patient has no such fact")
            decision = decide_fact(found[0], self.reviewer, what, why, change)
        append(self.cohort.reviews_file, decision)
        self.cohort.reload()
        self._list()
        self.show_patient(patient)

    def agreement(self, reviewer_a: str, reviewer_b: str) -> Agreement:
        """How far two reviewers agree; see `bvn_evidence.reviews.agreement`."""
        return agreement(self.cohort.reviews_file, reviewer_a, reviewer_b)

    def _list(self) -> None:
        self.patients = self.cohort.listing(self.policy)

    def _heard(self, _: object, message: Any, __: object) -> None:
        """A message of the browser; a mistake in it is told there, and nothing of it is raised."""
        count = self.said.get("n", 0) + 1
        try:
            told = self._do(message)
        except (UserError, RunError) as error:
            self.said = {"n": count, "error": str(error)}
        except (KeyError, TypeError, AttributeError):
            self.said = {"n": count, "error": "the desk did not understand that; reload the notebook page"}
        else:
            self.said = {"n": count, "text": told}

    def _do(self, message: Any) -> str:
        if message["do"] == "open":
            self.show_patient(message["patient"])
            return ""
        if message["do"] == "policy":
            if message["policy"] not in self.cohort.policies:
                raise UserError("this run was not judged under that policy")
            self.policy = message["policy"]
            self._list()
            self.show_patient(self.chart["patient"])
            return ""
        before = {row["criterion"]: row["status"] for row in self.chart["verdicts"]}
        self.reviewer = message["reviewer"]
        self.decide(
            message["what"], fact=message.get("fact"), criterion=message.get("criterion"), why=message.get("why", ""),
            change=message.get("change"),
        )  # fmt: skip
        changed = [
            f"{row['name']}: {before[row['criterion']].replace('_', ' ')} → {row['status'].replace('_', ' ')}"
            for row in self.chart["verdicts"]
            if before.get(row["criterion"], row["status"]) != row["status"]
        ]
        return "Saved. " + ("; ".join(changed) if changed else "No verdict changed.")
