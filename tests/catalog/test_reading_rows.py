"""The other columns of a row: elements, channels, audience, mode, level; the whole row; and its schema."""

from __future__ import annotations

import csv
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gongkai.contracts.elements import element_reasons
from gongkai.contracts.matters import Channel, Element, MatterReading
from services.catalog.domain.reading import read_row
from services.catalog.domain.reading.channels import boxes, read_channels, write_channels
from services.catalog.domain.reading.columns import Audience, read_audience, read_levels, read_modes
from services.catalog.domain.reading.elements import read_elements
from services.catalog.domain.reading.schema import schema_of

pytestmark = pytest.mark.domain

Row = dict[str, str]


def seed_rows() -> list[Row]:
    text = files("services.catalog.seed").joinpath("catalog_rows.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def keys(text: str) -> list[str]:
    return [element.key for element in read_elements(text).found]


def test_a_dot_must_and_a_circle_may() -> None:
    """● is required, 〇 and ○ are optional; the key is the element's head."""
    reading = read_elements("●机构名称●办公地址等〇负责人照片○备注；●办事指南：依据、条件（程序）等")

    assert reading.found == (
        Element(key="机构名称", name="机构名称", required=True),
        Element(key="办公地址", name="办公地址等", required=True),
        Element(key="负责人照片", name="负责人照片", required=False),
        Element(key="备注", name="备注", required=False),
        Element(key="办事指南", name="办事指南：依据、条件（程序）等", required=True),
    )
    assert reading.flags == ()


@pytest.mark.parametrize(
    "text",
    [
        "1.机构职能；2.执法依据；3.救济渠道。",
        "1、机构职能2、执法依据3、救济渠道",
        "（1）机构职能（2）执法依据（3）救济渠道",
        "①机构职能 ②执法依据 ③救济渠道",
        "一、机构职能；二、执法依据；三、救济渠道",
        "（一）机构职能\n（二）执法依据\n（三）救济渠道",
    ],
)
def test_a_list_numbered_without_gaps_is_a_list(text: str) -> None:
    """However it is numbered, its items are the elements, all of them required."""
    assert keys(text) == ["机构职能", "执法依据", "救济渠道"]
    assert all(element.required for element in read_elements(text).found)


@pytest.mark.parametrize(
    "text",
    [
        "机构职能、权责清单；执法人员名单",
        "机构职能\n权责清单",
        "PM2.5浓度与1.5倍标准",
        "1.机构职能；3.救济渠道",
        "说明：1.机构职能；2.救济渠道",
    ],
)
def test_text_without_marks_is_one_element(text: str) -> None:
    """Where nothing says where one element ends, nothing is split by guess."""
    found = read_elements(text).found

    assert len(found) == 1
    assert found[0].name == " ".join(text.split())
    assert found[0].required


def test_keys_are_heads_unless_two_share_one() -> None:
    """Two elements of one head are named by all their words."""
    text = "●支出表（政府经济分类）●支出表（政府功能分类）●“三公”经费（出国：费用）●报告书（表）全本"

    assert keys(text) == [
        "支出表（政府经济分类）",
        "支出表（政府功能分类）",
        "“三公”经费",
        "报告书（表）全本",
    ]


@pytest.mark.parametrize(
    ("text", "count", "said"),
    [
        ("", 0, "没有填写"),
        ("公开以下内容：●名称", 1, "写在第一个●之前"),
        ("●名称●名称", 1, "写了2次"),
        ("●过程信息；结果信息7个工作日内", 1, "写有时限"),
        ("●论证结论（依申请）●征求意见情况", 2, "注明依申请公开"),
    ],
)
def test_what_is_odd_in_elements_is_flagged(text: str, count: int, said: str) -> None:
    """A clock among elements, words without a mark, an element twice: the owner is told."""
    reading = read_elements(text)

    assert len(reading.found) == count
    assert [said in flag for flag in reading.flags] == [True]


def test_an_element_on_request_is_not_demanded_of_what_is_published() -> None:
    """（依申请公开）behind an element makes it optional, though it has a ●."""
    found = read_elements("●《听证通知书》●听证笔录（依申请公开）").found

    assert [(element.key, element.required) for element in found] == [
        ("《听证通知书》", True),
        ("听证笔录", False),
    ]


def test_the_list_of_channels_is_data_with_sources() -> None:
    """Thirteen official boxes come first, in the printed order; every channel says where it is named."""
    official = [box.name for box in boxes() if box.official]

    assert len(official) == 13
    assert official == [box.name for box in boxes()][:13]
    assert (official[0], official[-1]) == ("政府网站", "其他")
    assert all(box.source and box.code for box in boxes())
    assert len({box.code for box in boxes()}) == len(boxes())


def test_boxes_are_read_and_written_back() -> None:
    """■ is chosen, □ is optional, 其他 keeps what it says; the cell is written as it was."""
    cell = "■政府网站;□两微一端;■社区/企事业单位/村公示栏(电子屏);■征地信息公开平台;■其他:办税服务厅"
    reading = read_channels(cell)

    assert [(c.code, c.required, c.text) for c in reading.found] == [
        ("government_website", True, ""),
        ("new_media", False, ""),
        ("notice_board", True, ""),
        ("land_platform", True, ""),
        ("other", True, "办税服务厅"),
    ]
    assert reading.flags == ()
    assert write_channels(reading.found) == cell


def test_every_cell_of_the_catalogue_is_written_back_as_it_was() -> None:
    """All channels of the 305 rows are known, and come back to the letter."""
    for row in seed_rows():
        reading = read_channels(row["channels"])
        assert reading.flags == ()
        assert write_channels(reading.found) == row["channels"]


@pytest.mark.parametrize(
    "cell",
    ["■ 政府网站　□政府公报\n□两微一端 □发布会/听证会", "☑政府网站、☐政府公报、☐两微一端、☐发布会听证会"],
)
def test_boxes_as_other_tables_print_them_are_read(cell: str) -> None:
    """Ticks, blanks and line breaks between boxes change nothing."""
    found = read_channels(cell).found

    assert [c.code for c in found] == ["government_website", "gazette", "new_media", "briefing"]
    assert [c.required for c in found] == [True, False, False, False]


def test_channels_without_boxes_are_those_that_are_listed() -> None:
    """A village's table lists its channels by name."""
    reading = read_channels("便民服务站、入户/现场、组员微信群、村应急广播、村/社区公开栏（电子屏）")

    assert [c.code for c in reading.found] == [
        "service_station", "on_site", "villagers_group", "village_broadcast", "notice_board",
    ]  # fmt: skip
    assert reading.flags == ()


def test_a_channel_that_nobody_knows_is_kept_and_flagged() -> None:
    """It has a name and no code; words before the first box are flagged, too."""
    reading = read_channels("公开于■政府网站■口口相传")

    assert reading.found[1] == Channel(code="", name="口口相传", required=True)
    assert ["公开于" in reading.flags[0], "口口相传" in reading.flags[1]] == [True, True]


@given(
    channels=st.lists(
        st.builds(
            lambda box, required, text: Channel(
                code=box.code, name=box.name, required=required, text=text if box.code == "other" else ""
            ),
            st.sampled_from(boxes()),
            st.booleans(),
            st.text(alphabet="办税服务厅公示栏0123", max_size=8),
        ),
        max_size=8,
    )
)
def test_channels_written_are_channels_read(channels: list[Channel]) -> None:
    """Whatever is chosen is read back from the cell it was written to."""
    assert read_channels(write_channels(channels)).found == tuple(channels)


@pytest.mark.parametrize(
    ("text", "audience"),
    [
        ("全社会", Audience("everyone")),
        ("特定群体:申请人", Audience("group", "申请人")),
        ("特定群体（征收范围内被征收人）", Audience("group", "征收范围内被征收人")),
        ("□全社会 ■特定群体：学生及家长", Audience("group", "学生及家长")),
        ("全社会；特定群体：项目单位", Audience("everyone", "项目单位")),
    ],
)
def test_an_audience_is_everyone_or_a_group(text: str, audience: Audience) -> None:
    """公开对象, ticked or written out."""
    assert read_audience(text) == audience


def test_modes_and_levels_are_read() -> None:
    """公开方式 and 公开层级, in the spellings of several tables."""
    assert read_modes("主动;依申请公开").found == ("proactive", "on_request")
    assert read_modes("■主动 □依申请").found == ("proactive",)
    assert read_levels("县级;乡级").found == ("county", "township")
    assert read_levels("市级、县（区）级、乡镇（街道）、村（社区）").found == (
        "city",
        "county",
        "township",
        "village",
    )
    assert read_levels("□县级 ■乡级").found == ("township",)
    assert read_levels("乡、村级").found == ("township", "village")


@pytest.mark.parametrize("text", ["", "□全社会 □特定群体", "部分群众", "特定群体："])
def test_an_audience_that_is_not_said_is_flagged(text: str) -> None:
    """Nobody is assumed to be meant."""
    assert len(read_audience(text).flags) == 1
    assert read_audience(text).kind != "everyone"


@pytest.mark.parametrize("text", ["", "不予公开", "□主动 □依申请"])
def test_a_mode_that_is_not_said_is_flagged(text: str) -> None:
    """There are two modes (条例第十三条); neither is assumed."""
    assert (read_modes(text).found, len(read_modes(text).flags)) == ((), 1)


def test_the_rows_of_the_catalogue_are_read() -> None:
    """Of 305 rows 264 are read wholly; what is flagged is a basis without a name or an oddity among elements."""
    readings = [read_row(row) for row in seed_rows()]

    flagged = [reading for reading in readings if reading.flags]
    kinds = Counter(flag[:2] for reading in flagged for flag in reading.flags)
    assert (len(readings), len(flagged)) == (305, 41)
    assert kinds == {"公开": 29, "要素": 12}
    assert all(reading.time_limits and reading.elements and reading.channels for reading in readings)
    assert all(reading.audience and reading.modes and reading.levels for reading in readings)


def test_a_row_without_its_columns_is_flagged_column_by_column() -> None:
    """An empty row is read without an error; each column says that it is empty."""
    assert [flag[:4] for flag in read_row({}).flags] == [
        "公开内容",
        "公开依据",
        "公开时限",
        "公开渠道",
        "公开对象",
        "公开方式",
        "公开层级",
    ]


@settings(max_examples=100, deadline=None)
@given(
    row=st.fixed_dictionaries(
        {name: st.text(alphabet="●〇■□1.、；：（）《》\n全社会主动县级特定群体政府网站其他甲", max_size=30) for name in
         ("content_elements", "legal_basis", "time_limit", "channels", "audience", "mode", "levels")}
    )
)  # fmt: skip
def test_no_row_raises(row: Row) -> None:
    """Whatever stands in the cells, the row has a reading, keys are unique and it survives JSON."""
    reading = read_row(row)

    assert MatterReading.model_validate_json(reading.model_dump_json()) == reading
    assert len({element.key for element in reading.elements}) == len(reading.elements)
    Draft202012Validator.check_schema(
        schema_of(reading.elements, title="甲", schema_id="https://example.cn/s")
    )


def test_the_schema_demands_what_publishing_demands() -> None:
    """A document passes the schema exactly if the check of its elements has no reason against it."""
    elements = read_elements("●机构名称●办公地址〇备注").found
    schema = schema_of(elements, title="机构信息", schema_id="https://example.cn/schemas/m-01-001/3")
    validator = Draft202012Validator(schema)
    reading = MatterReading(elements=elements)
    whole = {"机构名称": "民政局", "办公地址": "人民路1号"}

    Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["机构名称", "办公地址"]
    for given_elements in (
        whole,
        whole | {"备注": "周末休息"},
        {"机构名称": "民政局"},
        whole | {"办公地址": ""},
        whole | {"办公地址": " \n"},
        whole | {"电话": "12345"},
        whole | {"备注": "长" * 4001},
        {},
    ):
        assert validator.is_valid(given_elements) == (not element_reasons(reading, given_elements)), (
            given_elements
        )


def test_every_matter_of_the_catalogue_has_a_schema() -> None:
    """Each of the 305 schemas is one, with a property for each element."""
    for row in seed_rows():
        elements = read_row(row).elements
        schema = schema_of(elements, title=row["level2"], schema_id="https://example.cn/s")
        properties = schema["properties"]
        assert isinstance(properties, dict)
        assert list(properties) == [element.key for element in elements]
    Draft202012Validator.check_schema(schema)
