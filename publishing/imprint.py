"""The imprint of a published page: its commit, links to its other files, and the duration of each stage."""

from collections import defaultdict
from collections.abc import Mapping
from html import escape

from publishing.commit import Commit
from stages.running.errors import InputError

UNPUBLISHED = '<p id="edition">Drawn from a working copy.</p>'


def imprinted(page: str, commit: Commit, links: Mapping[str, str], seconds: Mapping[str, float]) -> str:
    """Return the HTML `page` with its imprint.

    links: label → relative URL. seconds: stage → its duration, by DVC's names, such as `train@shapeset-tanh`.
    Raises InputError if the page has no place for it.
    """
    if page.count(UNPUBLISHED) != 1:
        raise InputError("reports/site/index.html: has no place for the commit; run `make repro` to rebuild it")
    origin = f"Drawn from commit <code>{commit.name}</code> of {commit.date[:10]}: {escape(commit.subject)}."
    beside = ", ".join(f'<a href="{escape(link)}">{escape(what)}</a>' for what, link in links.items())
    return page.replace(UNPUBLISHED, f'<p id="edition">{origin} Published with it: {beside}. {durations(seconds)}</p>')


def durations(seconds: Mapping[str, float]) -> str:
    """The durations of the stages in one sentence, the longest first, summed over data sets and models."""
    if not seconds:
        return "Durations were not measured here: all results come from DVC's cache."
    times = defaultdict(list)
    for stage, one in seconds.items():
        times[stage.partition("@")[0]].append(one)
    parts = [
        f"{stage} {duration(sum(all_of_it))}" + (f" ({len(all_of_it)} times)" if len(all_of_it) > 1 else "")
        for stage, all_of_it in sorted(times.items(), key=lambda item: -sum(item[1]))
    ]
    return f"Durations of the last runs: {', '.join(parts)}."


def duration(seconds: float) -> str:
    """`seconds` as text, in seconds, minutes or hours."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
