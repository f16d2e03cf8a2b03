import numpy as np

from hpo.analysis.confusion import MOST_IN_MATRIX, Confusion


def test_accuracy_and_matrix_count_each_prediction_once():
    confusion = Confusion(("cat", "dog", "owl"))
    for label, predicted in [(0, 0), (0, 0), (0, 1), (1, 1), (2, 0), (None, 2)]:
        confusion.add(label, predicted)
    assert confusion.counts.tolist() == [[2, 1, 0], [0, 1, 0], [1, 0, 0]]
    table = confusion.table()
    assert table.summary == {"images": 5, "correct": 3, "accuracy": 0.6}
    assert [[column.text(row) for column in table.columns] for row in table.records()] == [
        ["cat", "2", "1", "0"],
        ["dog", "0", "1", "0"],
        ["owl", "1", "0", "0"],
    ]
    assert "accuracy 60.00 %: 3 of 5 images" in table.notes[0]
    assert "1 image in" in table.notes[1]


def test_of_many_classes_the_most_frequent_mistakes_are_shown():
    classes = [f"class {n}" for n in range(MOST_IN_MATRIX + 1)]
    confusion = Confusion(classes)
    rng = np.random.default_rng(0)
    confusion.counts = rng.integers(0, 50, confusion.counts.shape)
    rows = confusion.table().records()
    counts = [row["images"] for row in rows]
    assert counts == sorted(counts, reverse=True) and len(counts) == 20
    wrong = confusion.counts - np.diag(confusion.counts.diagonal())
    assert counts == np.sort(wrong, axis=None)[::-1][:20].tolist()
    first = rows[0]
    assert confusion.counts[classes.index(first["class"]), classes.index(first["predicted"])] == first["images"]


def test_a_class_called_like_another_column_keeps_its_counts():
    confusion = Confusion(("class", "1"))
    confusion.add(1, 0)
    assert [[column.text(row) for column in confusion.table().columns] for row in confusion.table().records()] == [
        ["class", "0", "0"],
        ["1", "1", "0"],
    ]
