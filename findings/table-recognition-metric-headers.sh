#!/usr/bin/env bash
# table-recognition-metric 0.0.6, TEDS, the usual score of tables that a model writes as HTML, for their structure and their text: what stands in
# a header cell, <th>, counts for nothing. Only <td> is read with its text and its spans; a <th> is a bare node, so that a table whose names
# of columns are all wrong or missing, or are joined by a colspan that the page doesn't have, scores 1. HTML has <th> for headers, and models
# answer so. And a table that is not wrapped in <html> and <body>, as they answer it too, scores 0 against itself. Nothing is said, and
# no issue of it was found (docling-eval had the first, its issue 110, and mended it). Expected was what the same tables score when their
# headers are written as <td>.
# Seen: names of columns wrong: th 1.00, td 0.71; a colspan of 7 for 2: th 1.00, td 0.83; without html and body, itself: 0.00
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet table-recognition-metric==0.0.6 apted==1.0.3 Levenshtein==0.27.5 lxml==6.1.3
cat >main.py <<'PY'
from table_recognition_metric import TEDS

score = TEDS()
body = "<tr><td>apples</td><td>3</td></tr>"
true = "<tr><th>Name</th><th>Price</th></tr>" + body
wide = '<tr><th colspan="2">Name</th></tr>' + body
cases = {
    "the table itself": (true, true),
    "names of columns wrong": ("<tr><th>Year</th><th>Count</th></tr>" + body, true),
    "names of columns missing": ("<tr><th></th><th></th></tr>" + body, true),
    "colspan wrong": (wide.replace("2", "7"), wide),
    "a cell wrong": (true.replace("apples", "berries"), true),
}
for name, (answer, truth) in cases.items():
    pair = [f"<html><body><table>{rows}</table></body></html>" for rows in (answer, truth)]
    as_td = [table.replace("<th", "<td").replace("</th>", "</td>") for table in pair]
    print(f"{name}: th {score(*pair):.2f}, td {score(*as_td):.2f}")
print(f"the table itself, without html and body: {score(f'<table>{true}</table>', f'<table>{true}</table>'):.2f}")
PY
seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = "the table itself: th 1.00, td 1.00
names of columns wrong: th 1.00, td 0.71
names of columns missing: th 1.00, td 0.71
colspan wrong: th 1.00, td 0.83
a cell wrong: th 0.90, td 0.90
the table itself, without html and body: 0.00" ]
