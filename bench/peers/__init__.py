"""One module a library: `start(threads, **options)` returns its versions, `TASKS` says what it can be measured on.

A task is made once (`Task(**parameters)`), run many times (`run()` is what the clock sees) and then asked what came out
(`result()`: an array to compare with a float64 reference, or a dict of losses and accuracies).
"""
