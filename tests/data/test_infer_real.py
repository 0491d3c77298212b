"""Inference over the real tables, with the traps that each is known for."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mainstay.data.decode import Decoder
from mainstay.data.infer import infer
from mainstay.data.table import Table

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
pytestmark = [pytest.mark.real_data, pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data here")]


def found_in(path, target=None, **options):
    file = SHARED / path
    frame = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, infer_schema=False, **options)
    table = Table(frame, path, "")
    found = infer(table, target=target)
    problems = Decoder(found.schema).from_frame(frame).problems
    said = {(finding.column, finding.code) for finding in found.findings}
    assert not [item for item in problems if item.code != "unseen" or (item.column, "levels") not in said]
    return found


def kinds(found):
    return {column.name: column.kind for column in found.schema.columns}


def names(found, kind):
    return {name for name, value in kinds(found).items() if value == kind}


def test_telco_churn():
    found = found_in("telco_churn/Telco-Customer-Churn.csv", "Churn")
    assert names(found, "number") == {"tenure", "MonthlyCharges", "TotalCharges"}
    assert names(found, "identifier") == {"customerID"}
    assert found.schema["TotalCharges"].evidence.endswith("11 blanks read as missing")
    assert found.schema["SeniorCitizen"].kind == "boolean"
    assert found.schema.target.categories == ("No", "Yes")


def test_titanic():
    found = found_in("titanic/train.csv", "Survived")
    assert names(found, "identifier") == {"PassengerId"}
    assert names(found, "text") == {"Name"}
    assert names(found, "number") == {"Pclass", "Age", "SibSp", "Parch", "Fare"}
    assert ("Ticket", "high_cardinality") in {(item.column, item.code) for item in found.findings}
    assert found.schema.target.categories == ("0", "1")


def test_german_credit():
    found = found_in("german_credit/credit.csv", "default")
    assert found.schema.target.categories == ("1", "2")
    assert "none" in found.schema["other_debtors"].categories
    assert "unknown" in found.schema["checking_balance"].categories
    assert names(found, "identifier") == set()


def test_diabetes_readmission():
    found = found_in("diabetes_readmission/diabetic_data.parquet", "readmitted")
    assert names(found, "identifier") == {"encounter_id", "patient_nbr"}
    assert found.schema["weight"].missing == ("?",)
    assert "None" in found.schema["max_glu_serum"].categories
    assert found.schema["diag_1"].kind == "category"
    assert found.schema["discharge_disposition_id"].kind == "category"
    assert found.schema["examide"].role == "ignored"
    assert found.schema["age"].categories[:2] == ("[0-10)", "[10-20)")
    assert found.schema["age"].categories[-1] == "[90-100)"


def test_nyc_taxis():
    found = found_in("nyc_taxis_2019/taxis.csv", "total")
    assert names(found, "datetime") == {"pickup", "dropoff"}
    assert found.schema.target.kind == "number"
    assert found.schema["pickup_zone"].kind == "category"


def test_penguins_raw():
    found = found_in("penguins/penguins_raw.csv")
    assert found.schema["Date Egg"].formats == ("%Y-%m-%d",)
    assert names(found, "identifier") == {"Sample Number", "Individual ID"}
    assert found.schema["Body Mass (g)"].missing == ("NA",)
    assert found.schema["Region"].role == found.schema["Stage"].role == "ignored"


def test_wholesale():
    found = found_in("wholesale_customers/wholesale_customers.csv")
    assert names(found, "category") == {"Channel", "Region"}


def test_bank_marketing():
    found = found_in("bank_marketing/bank_full_comma.csv", "deposit")
    assert "unknown" in found.schema["poutcome"].categories
    assert names(found, "boolean") == {"default", "housing", "loan"}


def test_movielens():
    found = found_in("movielens_small/ratings.csv", "rating")
    assert found.schema["timestamp"].formats == ("%s",)
    assert found.schema.target.kind == "number"
    assert names(found_in("movielens_small/movies.csv"), "text") == {"title"}


def test_online_retail_day():
    found = found_in("online_retail/online_retail_2010-12-01.csv")
    assert names(found, "identifier") == {"InvoiceNo", "CustomerID"}
    assert names(found, "datetime") == {"InvoiceDate"}
    assert names(found, "text") == {"Description"}


def test_adult_without_a_header():
    found = found_in("adult/adult.data", None, has_header=False)
    places = [column.missing for column in found.schema.columns]
    assert [place for place, words in enumerate(places) if words == ("?",)] == [1, 6, 13]
    assert found.schema.columns[14].categories == ("<=50K", ">50K")
