"""Ctrl-C at a chosen moment: an exception that is raised where Python would run the handler of a signal.

So each such moment of a short task can be tried, which random times never do.
"""

import dis
import sys
import traceback

# Python runs the handlers of signals after a call, on a jump back and where a function begins or goes on.
LOOKS = {"CALL", "CALL_FUNCTION_EX", "CALL_KW", "RESUME", "JUMP_BACKWARD"}


class Interrupted(BaseException):
    """What Ctrl-C raises, under a name of its own."""


def interrupted(task, number, watched):
    """Run a task until Python looks for the number-th time in the files `watched`; where it was, or None at its end.

    Args:
        task: Called without arguments.
        number: From 0 on.
        watched: The beginnings of the names of files, as a tuple.
    """
    left, previous, codes, where = number, {}, {}, []

    def look(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.startswith(watched):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            last = previous.get(frame)
            if frame.f_code not in codes:
                codes[frame.f_code] = frame.f_code.co_code  # made anew at each asking
            previous[frame] = dis.opname[codes[frame.f_code][frame.f_lasti]]
            # Whatever one does, Python also looks before the first line of an `__exit__`: its with statements are so.
            if last in LOOKS and not (last == "RESUME" and frame.f_code.co_name == "__exit__"):
                left -= 1
                if left < 0:
                    where.append(" < ".join(f"{one.name}:{one.lineno}" for one in reversed(traceback.extract_stack(
                        frame, 4))))
                    raise Interrupted
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        task()
    except Interrupted:
        return where[0]
    finally:
        sys.settrace(before)
        previous.clear()
    return None
