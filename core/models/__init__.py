"""One file, or folder, per model: its declaration, and the torch module that it builds."""

ORDER = ("mlp", "small_cnn", "simple_cnn", "resnet_cifar", "simple_vit", "lstm_seq2seq", "deeponet", "tfonet")
"""The order of lists and tables; a model not named here follows in alphabetical order."""
