"""What is passed on from layer to layer while a model computes, in each thread by itself."""

import functools
import threading


class CallContext:
    """What an outer layer passes on to the layers it calls: the training flag, the path of names,
    where penalties go, where the first values of weights come from.
    """

    __slots__ = ("training", "scope", "outermost", "first_values", "watch")

    def __init__(self):
        self.training = None
        self.scope = ()
        self.outermost = None  # the layer whose call by the user is under way
        self.first_values = None  # what makes weights instead of their initializers, while a file is loaded
        self.watch = None  # called with each layer and its output, while somebody wants to see them


class _Threads(threading.local):
    def __init__(self):
        self.context = CallContext()


threads = _Threads()


def call_context():
    """The context of this thread."""
    return threads.context


def within_scope(build):
    """`build`, with the layer's name put before the names of its weights, and `built` set at the end."""

    @functools.wraps(build)
    def scoped(self, *args, **kwargs):
        context = call_context()
        outer = context.scope
        if outer[-1:] != (self.name,):
            context.scope = (*outer, self.name)
        try:
            build(self, *args, **kwargs)
        finally:
            context.scope = outer
        self.built = True

    return scoped
