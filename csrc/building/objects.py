"""Compiled objects, kept for the next build under a hash of all that they were made from.

What an object is made from: the compiler's version, its arguments, the source, and the headers that the compiler listed
(-MMD) when it made it. System headers count by the compiler's version. Times count nowhere: a header that was edited
while a build ran, and a file that git has brought back, are seen by their contents.

A header is named relative to the folder of headers (-I) that it was found in. pip makes the folder of pybind11 anew for
each build, and its headers are the same ones in each.
"""

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

KEPT = Path(os.environ.get("TINYNET_OBJECTS") or "build/objects")


def header_folders(arguments):
    """The folders that the -I of a compiler's arguments name."""
    return [argument[2:] for argument in arguments if argument.startswith("-I")]


def relative_name(file, folders):
    """A header's name in the folder that it was found in; a file of the project keeps its own name."""
    inside = [folder for folder in folders if os.path.isabs(folder) and file.startswith(folder.rstrip("/") + "/")]
    return os.path.relpath(file, max(inside, key=len)) if inside else file


def digest(names, folders):
    """A hash of the contents of files, which are looked for in the current folder, then in the folders of headers.

    Raises:
        OSError: one is nowhere.
    """
    total = hashlib.sha256()
    for name in names:
        places = [os.path.join(folder, name) for folder in ["", *folders]]
        file = next((place for place in places if os.path.isfile(place)), name)
        total.update(b"\0" + name.encode() + b"\0" + Path(file).read_bytes())
    return total.hexdigest()


class ObjectStore:
    """The objects that one compiler has made.

    Args:
        compiler: Its command, a list of words.
        variant: What else tells objects apart that must not replace each other, e.g. the version of Python.
    """

    def __init__(self, compiler, variant=""):
        version = subprocess.run([*compiler, "--version"], capture_output=True, text=True).stdout
        self.identity = f"{version}\0{variant}"
        self.taken, self.made = 0, 0

    def make(self, source, arguments, target, run):
        """Put the object of a source at `target`: a kept one, or one that `run(more_arguments)` compiles to `target`.

        Args:
            source: The file to compile.
            arguments: All other arguments that decide what is compiled.
            target: Where the object goes.
            run: Compiles, with these further arguments.
        """
        folders = header_folders(arguments)
        command = [self.identity, source, *(word for word in arguments if not word.startswith("-I"))]
        name = hashlib.sha256("\0".join(command).encode()).hexdigest()[:24]
        kept, record = KEPT / f"{name}.o", KEPT / f"{name}.json"
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        try:
            made_from = json.loads(record.read_text())
            if made_from["digest"] == digest(made_from["files"], folders):
                shutil.copy2(kept, target)
                self.taken += 1
                return
        except (OSError, ValueError, KeyError):
            pass  # there is none, or a header is gone
        KEPT.mkdir(parents=True, exist_ok=True)
        record.unlink(missing_ok=True)
        listed, started = KEPT / f"{name}.{os.getpid()}.d", time.time()
        run(["-MMD", "-MF", str(listed)])
        self.made += 1
        files = listed.read_text().replace("\\\n", " ").split(": ", 1)[1].split()
        listed.unlink()
        if max(os.path.getmtime(file) for file in files) >= started:
            return  # edited meanwhile: the object may be of the older text, and is not kept
        names = [relative_name(file, folders) for file in files]
        copy = kept.with_suffix(f".{os.getpid()}.tmp")
        shutil.copy2(target, copy)
        copy.replace(kept)
        record.write_text(json.dumps({"source": source, "digest": digest(names, folders), "files": names}))


def keep_objects(compiler, variant):
    """Let a distutils compiler take its objects from the store, too. Returns the store."""
    store, compile_one = ObjectStore(compiler.compiler_so[:1], variant), compiler._compile

    def compile_or_take(obj, src, ext, cc_args, extra_postargs, pp_opts):
        arguments = [*compiler.compiler_so, *cc_args, *extra_postargs, *pp_opts]
        store.make(src, arguments, obj, lambda more: compile_one(obj, src, ext, cc_args, [*extra_postargs, *more],
                                                                 pp_opts))

    compiler._compile = compile_or_take
    return store
