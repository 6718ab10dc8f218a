"""Before a file is opened as a workbook: is it one, and is opening it harmless.

An .xlsx is a ZIP archive of XML parts. What its directory claims is checked first, then every part is unpacked in
pieces and counted, so that an archive that lies about its sizes is stopped as well (a "zip bomb").
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final

from services.catalog.tables.faults import NotReadable

BYTES: Final = 8 * 1024 * 1024
"""Largest file; the 305 rows of the 26 domains take some 60 KB."""
UNPACKED_BYTES: Final = 32 * 1024 * 1024
PARTS: Final = 600
SHEETS: Final = 100
ROWS: Final = 12_000
"""Most rows in all sheets together, headers counted: the largest catalogues known have 5,000 matters."""
CELLS: Final = 300_000
_PIECE: Final = 256 * 1024

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_ROW: Final = re.compile(rb"<(?:[^\s<>/:]+:)?row(?=[\s/>])")
_CELL: Final = re.compile(rb"<(?:[^\s<>/:]+:)?c(?=[\s/>])")
_TAIL: Final = 40
"""A tag's first bytes may lie in one piece and the rest in the next."""
_SAVE_AS: Final = "请在Excel或WPS中打开，另存为“Excel 工作簿（.xlsx）”后再上传。"


def check_archive(data: bytes) -> None:
    """Check a file that is to be opened as a workbook.

    Raises:
        NotReadable: what the file is, and what to do.
    """
    if not data:
        raise NotReadable("empty", f"文件是空的，没有内容可读。{_SAVE_AS}")
    if len(data) > BYTES:
        size = f"{len(data) / 1024 / 1024:.1f}"
        raise NotReadable(
            "large",
            f"文件有 {size} MB，超过 {BYTES // 1024 // 1024} MB 的上限。请删去图片等无关内容，或按领域分成几个文件。",
        )
    if not data.startswith(_ZIP):
        raise _not_a_workbook(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_directory(archive.infolist())
            _count(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise NotReadable("broken", f"文件已损坏，无法解开。请重新保存或重新传输；{_SAVE_AS}") from error


def _not_a_workbook(data: bytes) -> NotReadable:
    head = data[:512].lstrip().lower()
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            return NotReadable(
                "password",
                "工作簿设有打开密码，无法读取。请在Excel或WPS中打开，取消“用密码进行加密”，保存后再上传。",
            )
        return NotReadable("old", f"这是旧版（.xls）或其他Office格式的文件，不能直接读取。{_SAVE_AS}")
    if head.startswith((b"<", b"\xef\xbb\xbf<")):
        return NotReadable(
            "html", f"这是网页或XML文件（有些系统导出的“.xls”其实是网页），不是工作簿。{_SAVE_AS}"
        )
    if head.startswith(b"%pdf"):
        return NotReadable("pdf", "这是PDF文件，不是工作簿。请上传制作PDF所用的原表（.xlsx）。")
    if b"\x00" not in data[:512] and (b"," in head or b"\t" in head):
        return NotReadable("text", f"这是文本（CSV）文件，没有合并表头，不能作为目录表导入。{_SAVE_AS}")
    return NotReadable("unknown", f"这不是Excel工作簿（.xlsx）。{_SAVE_AS}")


def _check_directory(parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise NotReadable("unknown", f"这是压缩包，但不是Excel工作簿（.xlsx）。{_SAVE_AS}")
    if any(part.flag_bits & 1 for part in parts):
        raise NotReadable("password", "压缩包设有密码，无法读取。请取消密码后再上传。")
    sheets = sum(1 for name in names if _SHEET.fullmatch(name))
    if sheets > SHEETS:
        raise NotReadable("sheets", f"工作簿有 {sheets} 张工作表，超过 {SHEETS} 张的上限。请分成几个文件。")
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise _bomb()


def _count(archive: zipfile.ZipFile) -> None:
    total = rows = cells = 0
    for part in archive.infolist():
        sheet = part.filename.endswith(".xml")
        tail = b""
        with archive.open(part) as stream:
            while piece := stream.read(_PIECE):
                total += len(piece)
                if total > UNPACKED_BYTES:
                    raise _bomb()
                _refuse_dtd(part.filename, tail + piece)
                if sheet:
                    # Tags that end within the tail were counted with the piece before.
                    rows += sum(1 for _ in _ROW.finditer(tail + piece)) - sum(1 for _ in _ROW.finditer(tail))
                    cells += sum(1 for _ in _CELL.finditer(tail + piece)) - sum(
                        1 for _ in _CELL.finditer(tail)
                    )
                tail = piece[-_TAIL:]
                _refuse_many(rows, cells)


def _refuse_dtd(name: str, piece: bytes) -> None:
    """Workbooks never declare a document type; what does may name files of ours or grow without end."""
    if name.endswith((".xml", ".rels", ".vml")) and (
        b"<!DOCTYPE" in piece or b"<!ENTITY" in piece or b"\x00" in piece
    ):
        raise NotReadable(
            "dtd", f"文件里有工作簿不该有的内容（文档类型或外部实体的声明），为安全起见不予读取。{_SAVE_AS}"
        )


def _refuse_many(rows: int, cells: int) -> None:
    if rows > ROWS or cells > CELLS:
        raise NotReadable(
            "rows",
            f"表中的行数超过 {ROWS} 行的上限（或单元格超过 {CELLS} 个），不像一份目录。"
            "请删去目录以外的行和多余的空行（选中后“删除整行”再保存），或按领域分成几个文件。",
        )


def _bomb() -> NotReadable:
    return NotReadable(
        "bomb",
        f"文件解开后超过 {UNPACKED_BYTES // 1024 // 1024} MB，远大于一份目录，为安全起见不予读取。"
        "请新建一个工作簿，只复制目录的内容后再上传。",
    )
