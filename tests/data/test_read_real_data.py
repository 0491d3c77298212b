"""Every table of the shared data folder comes in whole; the counts are those of its README."""

from pathlib import Path

import pytest

from mainstay.contracts.errors import DataError
from mainstay.data.read import read

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not here"),
]

SHAPES = {
    "telco_churn/Telco-Customer-Churn.csv": (7_043, 21, set()),
    "adult/adult.data": (32_561, 15, {"header.none"}),
    "adult/adult.test": (16_281, 15, {"header.none"}),
    "adult/adult.parquet": (48_842, 16, set()),
    "bank_marketing/bank.csv": (4_521, 17, set()),
    "bank_marketing/bank_full_comma.csv": (45_211, 17, set()),
    "titanic/train.csv": (891, 12, set()),
    "titanic/test.csv": (418, 11, set()),
    "german_credit/credit.csv": (1_000, 21, set()),
    "heart_disease/processed.cleveland.data": (303, 14, {"header.none"}),
    "diabetes_readmission/diabetic_data.parquet": (101_766, 50, set()),
    "diabetes_readmission/IDs_mapping.csv": (67, 2, {"rows.empty"}),
    "creditcard_fraud_sample/creditcard_sample.csv": (1_722, 32, {"header.empty_name"}),
    "california_housing/housing.csv": (20_640, 10, set()),
    "bike_sharing/hour.csv": (17_379, 17, set()),
    "bike_sharing/day.csv": (731, 16, set()),
    "wine_quality/winequality-red.csv": (1_599, 12, set()),
    "wine_quality/winequality-white.csv": (4_898, 12, set()),
    "nyc_taxis_2019/taxis.csv": (6_433, 14, set()),
    "sms_spam/SMSSpamCollection.tsv": (5_574, 2, {"header.none", "text.quotes_plain"}),
    "electricity/elec.csv": (45_312, 7, set()),
    "nsl_kdd/KDDTrain+_20Percent.txt": (25_192, 43, {"header.none"}),
    "nsl_kdd/KDDTest+.txt": (22_544, 43, {"header.none"}),
    "nsl_kdd/Attack_Types.csv": (24, 2, {"header.none"}),
    "nsl_kdd/Field_Names.csv": (41, 2, {"header.none"}),
    "mall_customers/Mall_Customers.csv": (200, 5, set()),
    "wholesale_customers/wholesale_customers.csv": (440, 8, set()),
    "seeds/seeds.csv": (210, 8, set()),
    "penguins/penguins.csv": (344, 8, set()),
    "penguins/penguins_raw.csv": (344, 17, set()),
    "iris/iris.csv": (150, 5, set()),
    "cluster_shapes/s1.csv": (5_000, 3, set()),
    "cluster_shapes/reference_ari.csv": (1_411, 7, set()),
    "online_retail/online_retail.parquet": (541_909, 8, set()),
    "nab/nyc_taxi.csv": (10_320, 2, set()),
    "movielens_small/ratings.csv": (100_004, 4, set()),
    "movielens_small/movies.csv": (9_125, 3, set()),
    "movielens_small/tags.csv": (1_296, 4, set()),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_table_comes_in_whole(name):
    table = read(SHARED / name)
    rows, columns, codes = SHAPES[name]
    assert table.frame.shape == (rows, columns)
    assert {note.code for note in table.notes} == codes


def test_baskets_are_refused_with_their_sentence():
    with pytest.raises(DataError, match="from 1 to 32 cells") as caught:
        read(SHARED / "groceries" / "groceries.csv")
    assert caught.value.code == "data.baskets"


def test_arrays_in_a_file_are_explained():
    with pytest.raises(DataError, match="NumPy arrays") as caught:
        read(SHARED / "adbench" / "14_glass.npz")
    assert "allow_pickle=False" in caught.value.hint


def test_adult_as_text_holds_the_cells_of_its_parquet():
    text = read(SHARED / "adult" / "adult.data").frame
    typed = read(SHARED / "adult" / "adult.parquet").frame
    train = typed.filter(typed["split"] == "train")
    assert text["column_1"].to_list() == [str(age) for age in train["age"]]
    assert text["column_4"].to_list() == train["education"].to_list()


def test_telco_keeps_its_blank_cells():
    column = read(SHARED / "telco_churn" / "Telco-Customer-Churn.csv").frame["TotalCharges"]
    assert (column == "").sum() == 11
    assert column.null_count() == 0
