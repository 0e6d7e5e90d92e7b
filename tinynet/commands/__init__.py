"""What the commands of `tinynet` do: train, predict, data, bundle. `tinynet/cli.py` has their arguments' parser.

    arguments                       what several commands take: numbers within bounds, files to write
    train                           `tinynet train`: a data set, a folder of images or a CSV file -> a model
    training_data image_files       the data, in one form
    table table_model               a CSV file; a model that takes its rows as they are
    predict                         `tinynet predict`: images or rows -> what the model takes them for
    data                            `tinynet data`: lists and fetches data sets
    bundle bundle_wheels            `tinynet bundle`: all that a room without a network needs, in one folder
    bundle_readme

The models that `train` writes have a card (`Model.card`), in which `predict` finds the classes and how to prepare the
inputs.
"""
