"""The jobs in flight on one QPU: in which order they end, how fast, and when to look next."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oqc_notebook.sdk.job import Job

#: Shortest and longest pause between looks (seconds).
FLOOR_S, CEILING_S = 0.05, 15.0
#: A pause is this share of the time without news, so a job is seen this much late at most.
_SHARE_OF_SILENCE = 0.1
#: Where more jobs than this came together, a look costs each of them less: then there are more
#: looks ...
_FEW_JOBS = 50
#: ... up to so many times as many.
_MOST_OFTEN = 4.0
#: Jobs that come at most so much later than the last one came together with it (seconds).
_TOGETHER_S = 0.2
#: While jobs end faster than this, they are collected in batches (seconds).
_BATCH_S = 0.2
#: How often a job out of turn is looked at while all end in turn (seconds, at least).
_STRAY_LOOK_S = 1.0
#: Looks out of turn are doubled where more than this share of them finds a job ended ...
_MANY = 0.5
#: ... and halved where less does. So a job costs about 1 / 0.4 of them.
_FEW = 0.3


class Line:
    """Jobs in flight on one QPU, in the order in which they came.

    QPUs work on jobs in turn, so most looks go to the first job, and to the ones
    behind it as long as they have ended. Some go to jobs further back; where those
    turn out to end out of turn, more do.

    Parameters
    ----------
    now
        The time, in seconds of the loop's clock, as in every method.
    """

    def __init__(self, now: float) -> None:
        self.jobs: dict[Job, None] = {}
        #: How many came together last.
        self._together = 0
        #: How many jobs are looked at out of turn, at a time.
        self.stray_looks = 1
        self._next_stray = 0
        self._came_at = now
        self._stray_look_at = now
        self._news_at = now
        self._hit_at = now
        self._looked_at = now
        self._not_before = now
        #: Jobs that end in a second, as last seen; 0 while that is not known.
        self._pace = 0.0
        self._just_hit = False

    def add(self, job: Job, now: float) -> None:
        """Put a job at the end of the line; looks become frequent again."""
        if job not in self.jobs:
            self.jobs[job] = None
        self._together = self._together + 1 if now - self._came_at <= _TOGETHER_S else 1
        self._came_at = self._news_at = self._hit_at = self._looked_at = now
        self._just_hit = False
        self._pace = self._pace if len(self.jobs) > 1 else 0.0

    def due(self) -> float:
        """Give the time of the next look."""
        silence = self._looked_at - self._news_at
        many = min(self._together, len(self.jobs))
        often = min(max(many / _FEW_JOBS, 1.0), _MOST_OFTEN)
        pause = _SHARE_OF_SILENCE / often * silence
        if self._pace:
            gap = 1 / self._pace
            # just after a job has ended, the next one is due a gap later; if it is not, soon
            pause = max(_BATCH_S, 0.9 * gap) if self._just_hit else max(pause, 0.25 * gap)
        pause = min(max(pause, FLOOR_S / often), CEILING_S)
        return max(self._looked_at + pause, self._not_before)

    def looked(self, ended: int, now: float) -> None:
        """Learn from a round of looks in which so many jobs had ended."""
        self._looked_at = now
        self._just_hit = ended > 0
        if ended:
            pace = ended / max(now - self._hit_at, FLOOR_S)
            self._pace = (self._pace + pace) / 2 if self._pace else pace
            self._hit_at = self._news_at = now

    def woke(self, now: float) -> None:
        """Forget how long nothing was seen: this machine was asleep, and looks begin afresh."""
        self._news_at = self._hit_at = self._looked_at = now
        self._pace, self._just_hit = 0.0, False

    def disturbed(self, wait_s: float, now: float) -> None:
        """Leave the server alone for a while."""
        self._not_before = max(self._not_before, now + wait_s)

    def stray(self, now: float) -> list[Job]:
        """Give the jobs to look at out of turn, those first that were not for the longest time."""
        rarely = self.stray_looks == 1
        if len(self.jobs) < 2 or (rarely and now - self._stray_look_at < self._rare_s()):
            return []
        self._stray_look_at = now
        if self._next_stray >= len(self.jobs) or self._next_stray < 1:
            self._next_stray = 1
        chosen = list(islice(self.jobs, self._next_stray, self._next_stray + self.stray_looks))
        self._next_stray += len(chosen)
        return chosen

    def _rare_s(self) -> float:
        return max(_STRAY_LOOK_S, 4 * (self.due() - self._looked_at))

    def strayed(self, looks: int, ended: int) -> bool:
        """Learn from looks out of turn; give whether to look at more at once."""
        self._next_stray -= ended  # the line has closed up behind them
        if ended > _MANY * looks:
            self.stray_looks = min(2 * self.stray_looks, max(len(self.jobs), 1))
            return True
        if ended < _FEW * looks:
            self.stray_looks = max(self.stray_looks // 2, 1)
        return False
