"""The command line: parses, calls the library, prints. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import __version__
from .errors import RunError, UserError, failure

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Reads clinical notes and lumbar MRI reports and shows, per patient and with the exact words, which "
    "documentation criteria for basivertebral nerve ablation a chart meets and what is missing.",
)
policies_app = typer.Typer(
    help="The coverage policies: list (the default), show NAME, check FILE.",
    rich_markup_mode=None,
    invoke_without_command=True,
)
lexicons_app = typer.Typer(help="The words of the pipeline: check.", rich_markup_mode=None)
app.add_typer(policies_app, name="policies")
app.add_typer(lexicons_app, name="lexicons")

_UsageError: Any = typer.BadParameter.__mro__[2]  # ClickException, of click or of the copy inside newer typer
_INTERRUPTED = 130
_KEPT = "interrupted; a run keeps the patients done so far and goes on with --resume"


def main(arguments: list[str] | None = None) -> None:
    """The entry point: exit status 0 done, 1 the run failed (or --strict), 2 usage error; errors are one line."""
    _prepare_streams()
    try:
        status = app(arguments, standalone_mode=False)
        if status == _INTERRUPTED:  # how newer typer passes Ctrl-C on
            _fail(_KEPT, _INTERRUPTED)
        sys.exit(status if isinstance(status, int) else 0)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except _UsageError as error:
        _fail(f"{error.format_message().rstrip('.')}. Try: bvn-evidence --help", 2)
    except UserError as error:
        _fail(str(error), 2)
    except RunError as error:
        _fail(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        _fail(_KEPT, _INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # of stdout, say; what goes wrong with files of a run has messages of its own
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        _fail(f"{why}, {failure(error)}; mend that and try again", 1)
    except Exception as error:  # its text could hold words of a note, so only its kind and place are told
        _fail(f"internal error, {failure(error)}; please report it with this line and the command", 1)


def _prepare_streams() -> None:
    """Streams that take any character. Where stdout or stderr is closed, nothing: else the next file that is opened
    would get its number, and what libraries print."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            while handle < number:
                handle = os.dup(handle)
            setattr(sys, name, open(handle, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="replace")


def _fail(message: str, status: int) -> None:
    _complain(f"error: {message}")
    sys.exit(status)


def _complain(message: str) -> None:
    """One line on stderr; names and arguments may hold control characters."""
    from .explain import neutral

    typer.echo(neutral(" ".join(message.split())), err=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bvn-evidence {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("run")
def run_command(
    notes: Annotated[
        Path, typer.Argument(help="A folder of notes, one note, a FHIR file, or a table (.csv, .parquet, .jsonl).")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder to write to; it is made private (0700).")],
    policy: Annotated[
        list[str] | None, typer.Option("--policy", help="A policy name or file; repeatable. [default: aspn-2022]")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Judge as of this date (YYYY-MM-DD). [default: a patient's latest note]"),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Worker processes; with Spark, cores.")] = 1,
    engine: Annotated[str, typer.Option("--engine", help="Where the work is done: local or spark.")] = "local",
    id_pattern: Annotated[
        str | None,
        typer.Option("--id-pattern", help="A regular expression on paths, with groups named patient, date, type."),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="A CSV file: path, patient_id, note_date, note_type.")
    ] = None,
    lexicons: Annotated[str | None, typer.Option("--lexicons", help="Another folder of lexicon files.")] = None,
    reviews: Annotated[
        Path | None, typer.Option("--reviews", help="Decisions of reviewers (reviews.jsonl) that count in this run.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run; unchanged notes are not processed again.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where any input was rejected.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no summary.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write the tables only, no HTML report.")] = False,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Write what was read out of PDF, Word, RTF, HTML and FHIR to DIR/texts.")
    ] = False,
) -> int:
    """Notes in; facts, criteria and the per-patient evidence table out."""
    from .runner import DEFAULT_POLICY, Options, run

    policies = tuple(policy or [DEFAULT_POLICY])
    options = Options(
        policies, as_of, workers, engine, id_pattern, manifest, lexicons, resume, reviews, not no_report, keep_text
    )
    if quiet:
        summary = run(notes, out, options)
    else:
        from .progress import Progress

        with Progress() as progress:
            summary = run(notes, out, options, progress)
        summary.show(_console())
    return 1 if strict and (summary.n_rejected or summary.n_failed) else 0


@app.command()
def evaluate(
    gold: Annotated[
        Path,
        typer.Argument(
            help="A gold folder: notes/, gold_facts.jsonl and, for charts, gold_criteria.jsonl. Or a folder of brat "
            "files, or a JSON export of Label Studio."
        ),
    ],
    facts: Annotated[Path | None, typer.Option("--facts", help="Score this facts.jsonl instead of running.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the JSON result to this file.")] = None,
    compare: Annotated[Path | None, typer.Option("--compare", help="An earlier JSON result to compare with.")] = None,
    errors: Annotated[str | None, typer.Option("--errors", help="List the errors of this kind of fact.")] = None,
) -> int:
    """Accuracy of this version against annotated samples."""
    from . import evaluate as module

    return int(module.main(gold, facts=facts, json_output=json, out=out, compare=compare, errors=errors) or 0)


@app.command()
def explain(
    note: Annotated[Path, typer.Argument(help="A note: text, PDF, Word, RTF or HTML.")],
    lexicons: Annotated[str | None, typer.Option("--lexicons", help="Another folder of lexicon files.")] = None,
) -> None:
    """One note in the terminal: sections, highlighted spans, facts and the rule and cue behind each."""
    from .explain import show

    show(note, _console(), lexicons)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="The --out folder of a finished run.", metavar="DIR")],
    notes: Annotated[
        Path | None, typer.Option("--notes", help="Where the notes are now, if they moved since the run.")
    ] = None,
) -> None:
    """Build the reviewer's HTML report anew from a finished run and its notes."""
    from .report.rebuild import rebuild

    for line in rebuild(folder, notes):
        typer.echo(line)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The --out folder of a finished run.", metavar="DIR")],
    to: Annotated[str, typer.Option("--to", help="omop, fhir, brat, label-studio or xlsx.", metavar="FORMAT")],
    out: Annotated[Path | None, typer.Option("--out", help="The folder to write. [default: DIR/export/FORMAT]")] = None,
    notes: Annotated[
        Path | None, typer.Option("--notes", help="Where the notes are now, if they moved since the run.")
    ] = None,
) -> None:
    """Write a finished run in another format, for a database, a form, an annotation tool or a spreadsheet."""
    from .export import export as write

    for line in write(folder, to, out, notes):
        typer.echo(line)


@policies_app.callback()
def policies(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        policies_list()


@policies_app.command("list")
def policies_list() -> None:
    """All policies that come with the program."""
    from .policy_view import show_list

    show_list(_console())


@policies_app.command("show")
def policies_show(name: Annotated[str, typer.Argument(help="A policy name or file.")]) -> None:
    """One policy: its criteria, thresholds, dates and source."""
    from .policy_view import show_policy

    show_policy(name, _console())


@policies_app.command("check")
def policies_check(file: Annotated[Path, typer.Argument(help="A policy file.")]) -> int:
    """Check a policy file of your own."""
    from .criteria import check_policy

    return _report(check_policy(file), f"{file} is a sound policy")


@lexicons_app.command("check")
def lexicons_check(
    folder: Annotated[
        str | None, typer.Argument(help="A lexicon folder. [default: the one that comes with the program]")
    ] = None,
) -> int:
    """Check every lexicon file: keys, patterns, examples, duplicates, shadowed rules."""
    from .nlp import lexicon

    return _report(lexicon.check(folder), f"{len(lexicon.names(folder))} lexicon files are sound")


def _report(problems: list[str], sound: str) -> int:
    """Print problems, one a line; the exit status."""
    from .explain import neutral

    for problem in problems:
        _complain(problem)
    if not problems:
        typer.echo(neutral(sound))
    return 1 if problems else 0


def _console(**options: Any) -> Console:
    from rich.console import Console

    return Console(highlight=False, **options)
