"""What a kernel that died left in flight, and giving it back."""

from __future__ import annotations

import asyncio

from oqc_notebook.archive.attaching import archive_of, attach
from oqc_notebook.archive.locking import locked
from oqc_notebook.archive.recording import Archive
from oqc_notebook.archive.survey import AnyJob, Archived, Survey
from oqc_notebook.sdk import OqcSdk


def archived(sdk: OqcSdk) -> list[Archived]:
    """List what the archive of a session holds and nobody in this kernel does, oldest first.

    Of what has ended and had a name, the newest of each name is listed. Nothing is asked
    of the server.
    """
    return Survey(_archive_for(sdk), sdk).all()


def reopen(sdk: OqcSdk, name: str | None = None) -> dict[str, AnyJob]:
    """Give jobs and composites back as they were archived, bound to this session.

    Nothing is asked of the server. :func:`resume` does this and lets them go on.

    Parameters
    ----------
    sdk
        The session.
    name
        Which one, also one that has ended; None gives all that was in flight.

    Returns
    -------
    dict
        By name. The rest of the notebook goes on with them in the same way as before.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    archive = _archive_for(sdk)
    if not archive.sidecar.folder.is_dir():
        Survey(archive, sdk).chosen(name)
        return {}
    is_writable = archive.begin()
    with locked(archive.sidecar.claims_lock_file):  # two kernels do not both take the same
        survey = Survey(archive, sdk)
        found = survey.chosen(name)
        back = {item.name: job for item in found if (job := survey.rebuilt(item)) is not None}
        if is_writable:
            members = [job for found in back.values() for job in found._members()]
            archive.take_over([job for job in members if not job.ended])
    for job in back.values():
        sdk._registry.add(job)
    return back


async def resume(sdk: OqcSdk, name: str | None = None) -> dict[str, AnyJob]:
    """Give back what was in flight when a kernel died, and let it go on.

    What the server has is followed, and what had not reached it is submitted under the
    id that was reserved for it, so each runs once.

    Parameters
    ----------
    sdk
        The open session.
    name
        Which one; one that has ended is given back as it is. None resumes all that was
        in flight.

    Returns
    -------
    dict
        The jobs and composites by name.

    Raises
    ------
    ValueError
        If there is none of that name.
    SessionError
        If the session is not open, is closed, or cannot reach the server.
    """
    back = await asyncio.to_thread(reopen, sdk, name)
    for job in back.values():
        if not job.ended:
            await job.submit(timeout_s=None)
    return back


def _archive_for(sdk: OqcSdk) -> Archive:
    archive = archive_of(sdk)
    return attach(sdk) if archive is None else archive
