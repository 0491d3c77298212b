"""Headers: found, missing, high, repeated, misplaced; in doubt there is one."""

import pytest

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.read_text import TextOptions, read_text

PEOPLE = "39, State-gov, 13, Male\n50, Private, 13, Male\n38, Private, 9, Female\n28, Private, 13, Female\n"


def read(text, **options):
    frame, findings = read_text(text.encode(), TextOptions(**options), where="x.csv")
    return frame, {finding.code: finding for finding in findings}


@pytest.mark.parametrize(
    "text",
    [
        PEOPLE,
        "1,2,3.5\n4,5,6.5\n7,8,9.5\n",
        "ham,Go on\nspam,Win\nham,Ok\nham,Bye\n",
        "back,dos\nland,dos\nsatan,probe\nsmurf,dos\n",
        "red\ngreen\nred\nblue\nred\n",
        "?,1\n3,2\n4,7\n",
        "5.1,3.5,setosa\n",
        "2011-01-01,x\n2011-01-02,y\n2011-01-03,x\n",
    ],
)
def test_no_header_is_seen_and_said(text):
    frame, findings = read(text)
    assert frame.height == text.count("\n")
    assert frame.columns == [f"column_{number}" for number in range(1, frame.width + 1)]
    assert "header=1" in findings["header.none"].advice
    assert "line 1" in findings["header.none"].message


@pytest.mark.parametrize(
    "text",
    [
        "age,city\n31,Bern\n28,Rome\n",
        "name,city\nAnn,Paris\nBob,Rome\n",
        "name,city\nAnn,Paris\n",
        "word,language\nhaus,german\nhouse,english\nword,english\n",
        "country,2010,2011,2012\nFrance,1,2,7\nItaly,3,4,5\n",
        "0,1,2,3\n5.1,3.5,1.4,0.2\n4.9,3.0,1.4,0.2\n",
        "answer\nyes\nno\nyes\nno\nyes\nno\nyes\nyes\nno\nyes\nno\n",
        "id,name\n?,x\n?,y\n",
        ",a\n0,x\n1,y\n",
        "n1,n2\n?,NA\n1,2\n",
        "a,a,b\n1,2,3\n4,5,6\n",
        "gender,answer\nm,y\nf,n\nm,y\nm,n\nf,y\n",
    ],
)
def test_a_header_is_kept(text):
    frame, findings = read(text)
    assert frame.height == text.count("\n") - 1
    assert "header.none" not in findings


def test_header_none_and_header_line_override():
    frame, findings = read("age,city\n31,Bern\n", header="none")
    assert frame.rows() == [("age", "city"), ("31", "Bern")]
    assert not findings
    frame, findings = read(PEOPLE, header=1)
    assert frame.columns == ["39", "State-gov", "13", "Male"]
    assert not findings
    frame, _ = read("x,y\nold,names\nage,city\n\n31,Bern\n", header="3")
    assert (frame.columns, frame.rows()) == (["age", "city"], [("31", "Bern")])


@pytest.mark.parametrize("header", [0, -1, "first", "1.5", True, ""])
def test_a_header_that_cannot_be(header):
    with pytest.raises(UsageError, match="number of its line") as caught:
        read("a,b\n1,2\n", header=header)
    assert caught.value.where == "header"


def test_a_header_line_that_is_not_there_or_does_not_fit():
    with pytest.raises(UsageError, match="line 9"):
        read("a,b\n1,2\n", header=9)
    with pytest.raises(UsageError, match="line 2"):
        read("a,b\n\n1,2\n", header=2)
    with pytest.raises(DataError, match="1 names where the rows have 3 cells"):
        read("Title\na,b,c\n1,2,3\n", header=1)


def test_title_lines_are_skipped_and_said():
    text = "Sales report 2024\nmade on Monday\n\ncity,sum,share\nBern,3,0.1\nRome,4,0.2\n"
    frame, findings = read(text)
    assert frame.columns == ["city", "sum", "share"]
    assert frame.height == 2
    assert "'Sales report 2024', 'made on Monday'" in findings["header.title_lines"].message


def test_titles_filled_up_by_a_spreadsheet():
    frame, findings = read("Sales report,,,\n,,,\ncity,sum,share,note\nBern,3,0.1,x\nRome,4,0.2,y\n")
    assert frame.columns == ["city", "sum", "share", "note"]
    assert frame.height == 2
    assert "Sales report" in findings["header.title_lines"].message


def test_a_title_that_holds_the_delimiter():
    frame, _ = read("Sales, by city and year, 2024\n\ncity,sum\nBern,3\nRome,4\nOslo,5\n")
    assert frame.columns == ["city", "sum"]


def test_two_header_lines_are_joined():
    frame, findings = read("plant,leaf,,root\nname,length,width,length\na,1.5,2,3\nb,2.5,3,4\nc,3,4,5\n")
    assert frame.columns == ["plant name", "leaf length", "leaf width", "root length"]
    assert frame.height == 3
    assert "lines 1 to 2" in findings["header.several"].message


def test_units_under_the_header_are_joined():
    frame, findings = read("height,weight,who\ncm,kg,\n180,80,Ann\n170,60,Bob\n")
    assert frame.columns == ["height cm", "weight kg", "who"]
    assert "header.several" in findings


def test_a_word_in_the_first_row_is_no_second_header():
    frame, findings = read("price,rooms,city\nunknown,3,Bern\n100,4,Rome\n120,5,Bern\n90,2,Rome\n")
    assert frame.height == 4
    assert "header.several" not in findings


def test_repeated_and_empty_names():
    frame, findings = read("a, a ,,a_2,\n1,2,3,4,5\n6,7,8,9,10\n")
    assert frame.columns == ["a", "a_3", "column_3", "a_2", "column_5"]
    assert "'a'" in findings["header.duplicate"].message
    assert "'column_3', 'column_5'" in findings["header.empty_name"].message


def test_names_are_trimmed_also_inside():
    frame, _ = read('" Total\n  Charges ",b\n1,2\n3,4\n')
    assert frame.columns == ["Total Charges", "b"]


def test_a_header_marked_as_a_comment():
    assert read("#id,name,size\n1,a,3\n2,b,4\n")[0].columns == ["id", "name", "size"]


def test_row_names_as_r_writes_them():
    frame, findings = read("height weight age\nann 180 80 31\nbob 170 60 28\n")
    assert frame.columns == ["column_1", "height", "weight", "age"]
    assert frame.row(0) == ("ann", "180", "80", "31")
    assert "header.empty_name" in findings
    assert "'column_1'" in findings["header.short"].message


def test_a_header_with_more_names_than_cells_is_refused():
    with pytest.raises(DataError, match="line 1 looks like the header, and it has 4 names") as caught:
        read("a,b,c,d\n1,2,3\n4,5,6\n7,8,9\n")
    assert caught.value.code == "data.header"


def test_a_delimiter_at_the_end_of_each_line():
    frame, findings = read("a,b,c\n1,2,3,\n4,5,6,\n7,8,9,\n")
    assert (frame.columns, frame.row(0)) == (["a", "b", "c"], ("1", "2", "3"))
    frame, findings = read("a,b,c,\n1,2,3,\n4,5,6,\n")
    assert frame.columns == ["a", "b", "c"]
    assert "column.empty_unnamed" in findings


def test_a_header_that_comes_again_is_left_out_and_said():
    frame, findings = read("id,name\n1,a\nid,name\n2,b\n")
    assert frame.rows() == [("1", "a"), ("2", "b")]
    assert findings["header.repeated"].rows == (2,)
