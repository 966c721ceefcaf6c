from __future__ import annotations

from annotate.prelabel.audit.of_pairs.reading import PairReading, read, scale_of
from annotate.prelabel.contracts import Finding, Opinion, Silence
from tests.annotate.prelabel.audit.of_pairs.judges import NO_TIE
from tests.annotate.prelabel.criteria import PREFERENCE


def test_sides_are_the_levels_that_the_judge_names() -> None:
    assert scale_of({}, PREFERENCE) == {"left": "left", "right": "right", "tie": "tie"}
    assert scale_of({"left": "right", "right": "left"}, NO_TIE) == {"right": "left", "left": "right"}
    assert scale_of({"left": "one", "right": "two"}, None) == {"one": "left", "two": "right", "tie": "tie"}


def test_only_what_is_said_of_the_pair_by_the_audited_criterion_is_read() -> None:
    scale = scale_of({}, PREFERENCE)
    other = Opinion(None, "right", criterion="style")
    assert read(Finding((other, Opinion(None, "left"))), scale).better == "left"
    assert read(Finding((Opinion(0, "left"),)), scale) == PairReading()
    assert read(Finding((Opinion(None, "unsure"),)), scale).why == "the judge said unsure"
    assert read(Finding(silences=(Silence(None, "cut off"),)), scale).why == "cut off"
    assert read(Finding(), scale).why == "no verdict"


def test_what_the_orders_said_is_read_off_labels_and_silences() -> None:
    scale = scale_of({}, PREFERENCE)
    split = {"is_consistent": False}
    assert read(Finding((Opinion(None, "tie", evidence=split),)), scale).orders_agree is False
    assert read(Finding(silences=(Silence(None, "they disagree", split),)), scale).orders_agree is False
    assert read(Finding((Opinion(None, "tie"),)), scale).orders_agree is None
