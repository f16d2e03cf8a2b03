"""The card of a model as a page for people, in Markdown."""

from collections.abc import Mapping

from hpo.definition.counted import counted
from hpo.model.card import Accuracy, ModelCard, TrainedRun
from hpo.model.layer import Layer


def card_page(card: ModelCard, file: str) -> str:
    """Return the page.

    Args:
        card: of the model.
        file: the name of its file.
    """
    height, width, channels = card.preprocessing.image_shape
    classes = card.preprocessing.classes
    pixels = f"{width} x {height} pixels, {'grey' if channels == 1 else 'RGB'}"
    scaling = ", ".join(
        f"x * {scale:.6g} {shift:+.6g}"
        for scale, shift in zip(card.preprocessing.scale, card.preprocessing.shift, strict=True)
    )
    lines = [
        f"# {file}",
        "",
        f"Classifies images of {pixels}, into {len(classes)} classes: {', '.join(map(_plain, classes))}.",
        "",
        f"    hpo predict {file} IMAGE...",
        "",
        "## Training",
        "",
        f"- Data: {_plain(card.data.name)}, fingerprint `{card.data.fingerprint}`, {_settings(card.data.settings)}",
        f"- Chosen: {card.chosen}",
        *(f"- Note: {note}" for note in card.notes),
        f"- Exported by: {_settings(card.versions)}",
        "",
        "## Architecture",
        "",
        f"- Scaling of a pixel x of 0 to 255, by channel: {scaling}",
        *(f"- Network {n}: {_architecture(layers)}" for n, layers in enumerate(card.networks, 1)),
        *(["- The mean of the networks' probabilities counts."] if len(card.networks) > 1 else []),
    ]
    for run in card.runs:
        lines += ["", *_run(run)]
    return "\n".join(lines) + "\n"


def _run(run: TrainedRun) -> list[str]:
    return [
        f"## Study {run.study}, trial {run.trial} ({run.run})",
        "",
        f"{run.outcome} after {counted(run.epochs, 'epoch')}, {counted(run.parameters, 'parameter')}.",
        "",
        "| images | number | accuracy | 95% interval |",
        "| --- | ---: | ---: | ---: |",
        *(_accuracy(accuracy) for accuracy in run.accuracies),
        "",
        "The interval covers the choice of the images, not that of the training seed.",
        "",
        f"Configuration: {_settings(run.config)}",
    ]


def _accuracy(found: Accuracy) -> str:
    number = "" if found.images is None else f"{found.images:,}"
    noise = "" if found.low is None or found.high is None else f"{found.low:.2%} to {found.high:.2%}"
    return f"| {found.split} | {number} | {found.value:.2%} | {noise} |"


def _architecture(layers: tuple[Layer, ...]) -> str:
    return " -> ".join(f"{layer.kind} {layer.units}" if layer.kind == "linear" else layer.kind for layer in layers)


def _settings(settings: Mapping[str, object]) -> str:
    return " ".join(f"{name}={_plain(value)}" for name, value in settings.items() if value is not None)


def _plain(value: object) -> str:
    """Return text that Markdown and a line take as it is."""
    text = "".join(char if char.isprintable() else " " for char in str(value))
    return "".join(f"\\{char}" if char in "\\`*_<>[]|#" else char for char in text)
