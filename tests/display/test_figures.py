import math
import xml.etree.ElementTree as ElementTree

import pytest

from hpo.display.configuration_words import configuration_words
from hpo.display.confusion_figure import confusion_figure
from hpo.display.curve_figure import curve_figure

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("epochs", [1, 2, 20, 5000])
@pytest.mark.parametrize("odd", [None, math.nan, math.inf])
def test_a_curve_of_any_length_and_value_is_a_small_figure(epochs: int, odd: float | None):
    columns = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
    curve = {column: [odd if odd and epoch else 1 / (epoch + 1) for epoch in range(epochs)] for column in columns}
    figure = curve_figure("a <b> & c", curve)
    assert len(figure) < 40_000
    assert "nan" not in figure and "inf" not in figure
    assert any(element.text == "a <b> & c" for element in ElementTree.fromstring(figure).iter(f"{SVG}text"))


def test_no_curve_is_a_figure_too():
    ElementTree.fromstring(curve_figure("nothing", {}))


@pytest.mark.parametrize("n", [2, 10, 100])
def test_a_confusion_names_classes_while_they_can_be_read(n: int):
    counts = [[int(true == predicted) * 5 + (true + predicted) % 2 for predicted in range(n)] for true in range(n)]
    root = ElementTree.fromstring(confusion_figure("run", [f"class {place}" for place in range(n)], counts))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert ("class 1" in texts) == (n <= 20)
    assert float(root.get("width", 0)) < 600


def test_a_configuration_in_words_leaves_out_what_is_off():
    config = {"hidden": "32-32", "dropout": "0.3-0.3", "optimizer": "adam", "momentum": 0.9, "lr": 0.001, "epochs": 1}
    words = configuration_words(config)
    assert words == "Network: hidden layers 32-32, dropout 0.3. Training: adam, learning rate 0.001. At most 1 epoch."
    assert configuration_words({}) == ""
