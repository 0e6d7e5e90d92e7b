"""`tinynet data`: lists the data sets, finds them on this computer, fetches them, or copies them from a stick."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..augment.command import existing_path
from ..core.errors import DataError, DatasetNotFoundError
from ..core.terminal import columns
from ..datasets.catalogue import CATALOGUE, Entry, entry_of


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the `data` command to the subparsers."""
    data = commands.add_parser(
        "data", help="list, find and fetch data sets",
        description="List the data sets: which are on this computer, and where. `tinynet data show NAME` tells where "
                    "one is from, and how to bring it to a computer without a network.")
    data.set_defaults(run=run)
    actions = data.add_subparsers(dest="action", metavar="ACTION")
    show = actions.add_parser("show", help="all about a data set: its files, where they are from, where they go")
    show.add_argument("names", nargs="+", metavar="NAME", help=", ".join(entry.name for entry in CATALOGUE))
    show.set_defaults(run=run_show)
    fetch = actions.add_parser("fetch", help="download data sets, or copy them from a folder such as a memory stick",
                               description="Download data sets, or copy them from a folder. Every file's checksum is "
                                           "verified.")
    fetch.add_argument("names", nargs="+", metavar="NAME",
                       help=f"{', '.join(entry.name for entry in CATALOGUE)}; or all")
    fetch.add_argument("--from", type=existing_path, dest="folder", metavar="FOLDER",
                       help="copy the files from this folder, or one below it, and download nothing")
    fetch.set_defaults(run=run_fetch)
    for action in (show, fetch):
        action.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                            help="show where an error came from")
    return data


def run(_: argparse.Namespace) -> int:
    """Print the list; returns the exit code."""
    wide = (columns() or 200) >= 100
    for entry in CATALOGUE:
        found = entry.find()
        where = f"in {found}" if found else "not here"
        if wide:
            print(f"{entry.name:<20}{entry.megabytes:>7.1f} MB  {entry.title:<58}  {where}")
        else:
            print(f"{entry.name} ({entry.megabytes:.1f} MB)\n    {entry.title}\n    {where}")
    print("\nfashion_mnist_sample (7,000 images) and toy are built in.\n"
          "tinynet data fetch NAME  downloads one\n"
          "tinynet data show NAME   how to bring one without a network")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Print all about some data sets; returns the exit code."""
    print("\n\n".join(description(entry_of(name)) for name in arguments.names))
    return 0


def description(entry: Entry) -> str:
    """Return a data set's files, addresses and folders as text."""
    found = entry.find()
    names = entry.file_names()
    lines = [f"{entry.name}: {entry.title}, {entry.megabytes:.1f} MB",
             f"  on this computer: {found or 'no'}",
             f"  in Python:        tinynet.datasets.{entry.name.replace('-', '_')}.load_data()",
             "  files, each with its address:"]
    lines += [f"    {entry.mirrors[0]}{name}" for name in names]
    lines.append("  without a network, one of these:")
    one = "the file" if len(names) == 1 else f"the {len(names)} files"
    lines.append(f"    - get {one} on another computer, and put {'it' if len(names) == 1 else 'them'} into\n"
                 f"      {entry.target()}")
    lines.append(f"    - or onto a memory stick, and: tinynet data fetch {entry.name} --from FOLDER")
    if entry.package:
        lines.append(f"    - Debian and Ubuntu: apt install {entry.package}")
    return "\n".join(lines)


def run_fetch(arguments: argparse.Namespace) -> int:
    """Download or copy data sets; returns 0, or 1 if one is missing."""
    every = arguments.names == ["all"]
    entries = list(CATALOGUE) if every else [entry_of(name) for name in arguments.names]
    failed = []
    for entry in entries:
        try:
            if arguments.folder is None:
                print(f"{entry.name}: in {entry.fetch()}")
            elif entry.copy_from(arguments.folder):
                print(f"{entry.name}: copied to {entry.target()}")
            elif not every:
                raise DatasetNotFoundError(
                    f"{entry.name}: {arguments.folder} and the folders below it do not have all of "
                    f"{', '.join(entry.file_names())}")
        except DatasetNotFoundError as error:
            failed.append(entry.name)
            print(f"tinynet: {error}", file=sys.stderr)
        except DataError as error:
            failed.append(entry.name)
            print(f"tinynet: {entry.name}: {error}", file=sys.stderr)
    if failed:
        print(f"tinynet: missing: {', '.join(failed)}. Each one's files, and where to put them: "
              f"tinynet data show {' '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0
