#!/usr/bin/env bash
# docling-core 2.104.0: DocTags, the language in which SmolDocling and Granite-Docling answer, write text as it stands, with no escape.
# The reader of tables takes all from `<` to the next `>` for a tag, so that a cell "< 0.001", the usual way to write a p-value, swallows
# the tag behind it: the neighbour's text is lost, or, at the end of a row, two rows become one, in a table that the package itself wrote.
# For running text the same was mended (docling-project/docling-core#618, which "p < 0.05" shows), yet a formula "a<b" loses its "<b".
# Nothing is said. Expected was what went in: writer and reader are of one package, and a model's answer takes the same way.
# Seen: 'a', '< 0.001<fcel>', '' in place of 'a', '< 0.001', '12'; with the p-value last, two rows of six in place of three of three;
# the formula is 'a'.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet docling-core==2.104.0
seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PY'
from docling_core.types.doc import DocItemLabel, DoclingDocument, TableCell, TableData
from docling_core.types.doc.document import DocTagsDocument


def table(rows):
    cells = [
        TableCell(text=text, start_row_offset_idx=r, end_row_offset_idx=r + 1, start_col_offset_idx=c, end_col_offset_idx=c + 1)
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    ]
    return TableData(num_rows=len(rows), num_cols=len(rows[0]), table_cells=cells)


document = DoclingDocument(name="finding")
document.add_table(table([["group", "p", "n"], ["a", "< 0.001", "12"], ["b", "0.3", "9"]]))
document.add_table(table([["group", "n", "p"], ["a", "12", "< 0.001"], ["b", "9", "0.3"]]))
document.add_text(DocItemLabel.TEXT, "p < 0.05")
document.add_formula("a<b")
tags = document.export_to_doctags()
again = DoclingDocument.load_from_doctags(DocTagsDocument.from_doctags_and_image_pairs([tags], None))
for each in again.tables:
    print([[cell.text for cell in row] for row in each.data.grid])
print([item.text for item in again.texts])
PY
)
echo "$seen"
[ "$seen" = "[['group', 'p', 'n'], ['a', '< 0.001<fcel>', ''], ['b', '0.3', '9']]
[['group', 'n', 'p', '', '', ''], ['a', '12', '< 0.001<nl>', 'b', '9', '0.3']]
['p < 0.05', 'a']" ]
