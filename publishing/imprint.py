"""What a published page says of its origin: the commit, what else is published of it, and how long each stage took."""

from collections import defaultdict
from collections.abc import Mapping
from html import escape

from publishing.commit import Commit
from stages.running.errors import InputError

UNPUBLISHED = '<p id="edition">Drawn from a working copy.</p>'


def imprinted(page: str, commit: Commit, links: Mapping[str, str], seconds: Mapping[str, float]) -> str:
    """Return the HTML `page` with its origin.

    links: relative URLs by what they lead to; seconds: of stages by DVC's names, as `train@shapeset-tanh`.
    Raises InputError where the page has no place for it.
    """
    if page.count(UNPUBLISHED) != 1:
        raise InputError("reports/site/index.html: has no place for the commit; `make repro` draws it anew")
    origin = f"Drawn from commit <code>{commit.name}</code> of {commit.date[:10]}: {escape(commit.subject)}."
    beside = ", ".join(f'<a href="{escape(link)}">{escape(what)}</a>' for what, link in links.items())
    return page.replace(UNPUBLISHED, f'<p id="edition">{origin} Published with it: {beside}. {durations(seconds)}</p>')


def durations(seconds: Mapping[str, float]) -> str:
    """How long the stages took, in a sentence, the longest first; those of many data sets or models are summed."""
    if not seconds:
        return "How long the stages took was not measured here: all results come from DVC's cache."
    times = defaultdict(list)
    for stage, one in seconds.items():
        times[stage.partition("@")[0]].append(one)
    told = [
        f"{stage} {duration(sum(all_of_it))}" + (f" ({len(all_of_it)} times)" if len(all_of_it) > 1 else "")
        for stage, all_of_it in sorted(times.items(), key=lambda item: -sum(item[1]))
    ]
    return f"When the stages last ran here they took: {', '.join(told)}."


def duration(seconds: float) -> str:
    """`seconds` in the unit that a reader would choose."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
