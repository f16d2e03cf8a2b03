"""`hpo predict`: what an exported model says of images."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.cli.streams import say
from hpo.errors import RequestError, escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.model.prediction import Prediction


def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model that hpo export wrote.")],
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE|FOLDER|-...", help="Image files, folders of them, or - for stdin.")
    ],
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many classes of each image.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Open a .pt2 file, although it can hold code that then runs.")
    ] = False,
) -> None:
    """Print which class a model gives to each image.

    Beside it stands how probable the class is. The images of a folder with one folder a class are counted: the accuracy
    and the confusion matrix follow.

    Example: hpo predict cifar10.onnx photos/ --top 3
    """
    if json and csv:
        raise RequestError("--json and --csv exclude each other")
    from hpo.analysis.confusion import Confusion
    from hpo.model.image_stream import ImageStream
    from hpo.model.prediction import predictions
    from hpo.model.predictor import open_predictor

    predictor = open_predictor(file, trust)
    classes = predictor.card.preprocessing.classes
    top = min(top, len(classes))
    stream = ImageStream(
        images,
        predictor.card.preprocessing,
        report=lambda text: say(f"hpo: {text}"),
        note=lambda text: say(f"hpo: {text}"),
        standard_input=sys.stdin.buffer,
    )
    confusion = Confusion(classes)
    line = _json_line if json else _csv_line if csv else _text_line
    if csv:
        print(_csv_text(["image", *(name for n in range(1, top + 1) for name in (f"class_{n}", f"probability_{n}"))]))
    for prediction in predictions(predictor, stream, top):
        confusion.add(prediction.label, prediction.ranked[0])
        print(line(prediction, classes))
    if confusion.counts.any():
        from hpo.cli.terminal_table import drawn

        # Rows for a program stay alone on stdout.
        print(drawn(confusion.table()).rstrip("\n"), file=sys.stderr if json or csv else sys.stdout)
    if stream.unreadable:
        raise typer.Exit(1)


def _text_line(prediction: "Prediction", classes: "Sequence[str]") -> str:
    ranked = zip(prediction.ranked, prediction.probabilities, strict=True)
    return escaped("  ".join([prediction.name, *(f"{classes[number]} {value:.4f}" for number, value in ranked)]))


def _json_line(prediction: "Prediction", classes: "Sequence[str]") -> str:
    from json import dumps

    ranked = zip(prediction.ranked, prediction.probabilities, strict=True)
    top = [{"class": classes[number], "probability": value} for number, value in ranked]
    label = None if prediction.label is None else classes[prediction.label]
    return dumps({"image": prediction.name, "label": label, **top[0], "top": top}, ensure_ascii=False)


def _csv_line(prediction: "Prediction", classes: "Sequence[str]") -> str:
    ranked = zip(prediction.ranked, prediction.probabilities, strict=True)
    return _csv_text([prediction.name, *(cell for number, value in ranked for cell in (classes[number], value))])


def _csv_text(cells: "Sequence[object]") -> str:
    import csv
    import io

    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
