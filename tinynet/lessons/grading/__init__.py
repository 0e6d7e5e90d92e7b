"""The teacher's side: `tinynet lessons grade FOLDER --out report.csv` runs submitted notebooks and writes their marks.

    submissions.py   the notebooks of a folder, read without trust
    sandbox.py       bubblewrap's arguments, the limits, the environment
    system_calls.py  the filter of system calls
    entry.py         first code in the sandbox: takes the limits upon itself
    child.py         then: runs the notebook's cells, calls the student's functions
    protocol.py      frames of plain data between grader and child
    process.py       the child as the grader sees it: questions, answers, limits, its end
    watch.py         what all processes of a submission use together
    grade.py         from notebooks to rows
    report.py        from rows to the table
    messages.py      sentences in both languages
    command.py       the command

A submission cannot mark itself. Its cells run in a process of their own, in the sandbox. Only then does the grader draw
the inputs of each exercise and send them through a pipe; the student's function answers in the child, and the grader
compares the answer with the reference in its own process. It runs no student's code, and unpickles nothing. A notebook
that replaces functions of NumPy or tinynet, prints results of its own, or writes into the pipe changes what it answers,
and no mark.

What is isolated: files (read-only system, no home, no other submission), network, processes, memory, disk, output,
environment. What is not:

    kernel      a program that knows a fault in the Linux kernel could get out; keep the system up to date
    processor   its time is shared: up to `--processes` of them may calculate until the time limit. Its caches are
                shared too, through which a program can observe others (side channels)
    Python      what is installed beside tinynet is readable for a submission
    honesty     a function may call tinynet's own reference, and a notebook may be another student's copy. Equal files
                are told; all else is for the teacher, who reads. Whether a function changed its arguments in place is
                its own process's word

Without bubblewrap, or where the system does not allow it, the command refuses; `--unsafe` runs the notebooks all the
same, with the limits of time, memory, file size and output alone.
"""

__all__: list[str] = []  # for the command alone
