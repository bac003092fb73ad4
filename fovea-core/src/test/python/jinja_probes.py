"""Records what Jinja answers to templates, in the environment that transformers renders chat templates in.

    python jinja_probes.py ../resources/golden/jinja-probes.json

Renders every template of the file anew, and those of MORE that it lacks. Made with transformers 5.23 and Jinja2 3.1.6.
"""

import json
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

MORE = r"""
{{ 'é'.encode is defined }} {{ 'x'.nothing is defined }} {{ l.append is defined }} {{ d.update is defined }} {{ 'x'.format is defined }}
{{ l | batch(2) | list }} {{ l | batch(2, 'x') | list }} {{ l | batch(5, 0) | list }} {{ e | batch(2) | list }} {{ 'abcde' | batch(2) | list }}
{{ l | batch(0) | list }} {{ l | batch(linecount=1, fill_with=none) | list }}
{{ range(7) | slice(3) | list }} {{ range(7) | slice(3, 'x') | list }} {{ l | slice(5) | list }} {{ l | slice(5, 0) | list }} {{ l | slice(-2) | list }}
{{ l | slice(0) | list }}
{% for g in people | groupby('age') %}{{ g.grouper }}:{{ g.list | map(attribute='name') | join(',') }};{% endfor %}
{% for age, group in people | groupby('age') %}{{ age }}={{ group | length }} {% endfor %}{{ (words | groupby('0')) | map('first') | list }}
{% for g in people | groupby('address.city', default='none') %}{{ g[0] }}:{{ g[1] | length }};{% endfor %}
{% for k, v in [{'a': 'B'}, {'a': 'b'}, {'a': 'A'}] | groupby('a') %}{{ k }}{{ v }}|{% endfor %}
{% for k, v in [{'a': 'B'}, {'a': 'b'}, {'a': 'A'}] | groupby('a', case_sensitive=true) %}{{ k }}{{ v }}|{% endfor %}
{{ people | groupby('nothing') | length }}
{% set c = cycler('a', 'b', 'c') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.pos }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.next() }}
{{ cycler() }}
{% set sep = joiner() %}{% for x in l %}{{ sep() }}{{ x }}{% endfor %}{% set bar = joiner('|') %}{% for x in l %}{{ bar() }}{{ x }}{% endfor %}
{{ '%s is %d' | format('x', 3) }} {{ '%(a)s-%(b)05.1f' | format(a='A', b=2.25) }} {{ '100%%' | format }} {{ '%s' | format([1, 2]) }}
{{ '%s %s' | format('x') }}
{{ '%s' | format('x', 'y') }}
{{ 'a %s b' % 'x' }} {{ '%s %s' % (1, 'y') }} {{ '%(b)s' % d }} {{ 'none' % d }} {{ '%s' % none }} {{ '%s' % [l] }} {{ '%r' % 'é"' }} {{ '%a' % 'é' }}
{{ '%5d|%-5d|%05d|%+d|% d' % (42, 42, 42, 42, 42) }} {{ '%x %X %#x %o %#o' % (255, 255, 255, 8, 8) }} {{ '%5s|%-5s|%.2s' % ('ab', 'ab', 'abc') }}
{{ '%f %.2f %8.3f %e %.1E %g %g %g' % (x, x, x, x, x, 1e-05, 123456789.0, 100000.0) }} {{ '%c%c' % (65, 'é') }} {{ '%d' % 3.99 }} {{ '%.3d' % 5 }}
{{ '%*d|%.*f' % (5, 42, 1, x) }} {{ '%i%u' % (1, true) }} {{ '%#.3g %#g' % (1.0, 1.5) }} {{ '%.0f %.0f %.0f' % (0.5, 1.5, 2.5) }}
{{ '%d' % 'x' }}
{{ '%y' % 1 }}
{{ '%s %' % 'x' }}
{{ 'x' % 'y' }}
{{ 5 % l }}
{{ '{} {}'.format(1, 'b') }} {{ '{1} {0}'.format('a', 'b') }} {{ '{a} {b}'.format(a=1, b=l) }} {{ '{{}} {}'.format(none) }} {{ '{0[a]} {0[b]}'.format(d) }} {{ '{0[1]}'.format(l) }}
{{ '{:>8}|{:<8}|{:^8}|{:*^9}'.format('ab', 'ab', 'ab', 'ab') }} {{ '{:05d} {:+d} {: d} {:x} {:#x} {:b} {:,} {:_}'.format(42, 42, 42, 255, 255, 5, 1234567, 1234567) }}
{{ '{:.2f} {:8.3f} {:e} {:g} {:%} {:.1%} {:.3} {}'.format(x, x, x, x, x, x, 3.14159, x) }} {{ '{:.2} {:.3} {:.1}'.format(10.0, 3.0, 'abc') }} {{ '{:08,d}|{:010.2f}|{:=+8}'.format(1234, 3.14159, 5) }}
{{ '{!r} {!s} {!a}'.format('é', 'é', 'é') }} {{ '{:{}}|{:{w}}'.format('a', 4, 'b', w=3) }} {{ '{:>{w}.{p}f}'.format(x, w=8, p=1) }} {{ '{}{}'.format(true, false) }} {{ '{:d} {:5}'.format(true, true) }}
{{ '{} {'.format(1) }}
{{ '}'.format(1) }}
{{ '{}'.format() }}
{{ '{} {0}'.format(1) }}
{{ '{x}'.format(1) }}
{{ '{:d}'.format('x') }}
{{ '{:5}'.format(l) }}
{{ '{:.3d}'.format(3) }}
{{ '{0.__class__}'.format(1) }}|
{{ '{a} {b}'.format_map({'a': 1, 'b': 2}) }}
{{ [1, 2, 3] | select('==', 2) | list }} {{ [1, 2, 3] | reject('!=', 2) | list }} {{ [1, 2, 3] | select('>=', 2) | list }} {{ people | selectattr('age', '>', 26) | map(attribute='name') | list }} {{ [1, 2] | select('<', 2) | list }} {{ [1, 2] | select('<=', 1) | list }}
{{ 'upper' is filter }} {{ 'nothing' is filter }} {{ 'odd' is test }} {{ 'nothing' is test }} {{ 'x' is escaped }} {{ '==' is test }}
{{ 'ab' | center(7) }}| {{ 'abc' | center(6) }}| {{ 'ab'.center(7, '*') }} {{ 'abc'.center(6, '-') }} {{ 'abc'.center(2) }} {{ 'ab'.ljust(5, '.') }} {{ 'ab'.rjust(5) }} {{ '-42'.zfill(6) }} {{ '42'.zfill(5) }} {{ 'a'.zfill(0) }}
{{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'foo bar baz qux' | truncate(11, false, '..', 0) }} {{ 'foobarbazquxfoo' | truncate(5, leeway=0) }}
{{ 'foo' | truncate(2) }}
{{ 'one two, three-four' | wordcount }} {{ uni | wordcount }} {{ '' | wordcount }}
{{ 1 | filesizeformat }} {{ 999 | filesizeformat }} {{ 1000 | filesizeformat }} {{ 1234567 | filesizeformat }} {{ 1234567 | filesizeformat(true) }} {{ 1e30 | filesizeformat }} {{ '2048' | filesizeformat(binary=true) }}
{{ 'a b/ç&=~*' | urlencode }} {{ {'a b': 'ç/', 'c': 1} | urlencode }} {{ [('x', 'y z')] | urlencode }}
{{ '<a>' | forceescape }}
{{ 'a,b,c'.partition(',') }} {{ 'a,b,c'.rpartition(',') }} {{ 'abc'.partition(',') }} {{ 'abc'.rpartition(',') }} {{ 'aBc Ö'.swapcase() }} {{ 'a\tb\n\tc'.expandtabs(4) }} {{ 'a\tb'.expandtabs() }}
{{ 'banana'.find('an', 2) }} {{ 'banana'.find('an', 2, 4) }} {{ 'banana'.rfind('an', 0, 3) }} {{ 'banana'.index('n') }} {{ 'banana'.rindex('n') }} {{ 'banana'.count('a', 2) }} {{ 'banana'.count('a', 1, -1) }} {{ 'abc'.find('', 3) }} {{ 'abc'.find('', 4) }} {{ 'é😀a'.find('a', 1) }} {{ 'abc'.find('c', -1) }}
{{ 'banana'.index('x') }}
{{ 'banana'.startswith('na', 2) }} {{ 'banana'.endswith('na', 0, 4) }} {{ 'banana'.startswith(('x', 'b')) }} {{ 'banana'.startswith('', 7) }}
{{ 'abc'.isascii() }} {{ 'é'.isascii() }} {{ '12'.isdecimal() }} {{ '½'.isnumeric() }} {{ 'a_1'.isidentifier() }} {{ '1a'.isidentifier() }} {{ 'ab'.isprintable() }} {{ 'a\n'.isprintable() }} {{ 'Ab Cd'.istitle() }} {{ 'ab'.istitle() }} {{ ''.isascii() }}
{{ dict.fromkeys(['a', 'b']) }} {{ dict.fromkeys('ab', 0) }} {{ dict(a=1) }} {{ {}.fromkeys('a', 1) }}
{{ namespace(_a=1) }}
{% set ns = namespace() %}{% set ns._a = 1 %}
{{ [l, l] | sum(start=[]) }} {{ ['a'] | first | upper }} {{ 'x' ~ 1 ~ none ~ l }}
{{ people | map(attribute='tags', default=['-']) | map('first') | list }} {{ words | map('truncate', 3, true, '', 0) | list }} {{ words | map('format') | list }}
{{ l | sort(reverse=true) | join('-') }} {{ words | sort(case_sensitive=true) | list }} {{ people | sort(attribute='age,name') | map(attribute='name') | list }}
{{ {'a': {'b': 1}}.a.b }} {{ {'keys': 1}.keys is callable }} {{ {'keys': 1}['keys'] }} {{ d.get('z', 'no') }} {{ d.pop is callable }}
{{ d.pop('a') }}
{{ 'a' 'b' }} {{ 'a' in ('a', 'b') }} {{ not 'a' in 'b' }} {{ 1 if false }} {{ (1, 2)[0] }} {{ (1,) + (2,) }} {{ [1, [2]] == [1, [2]] }} {{ 'ab' * 2 }} {{ 2 * [1] }}
{% for x in l recursive %}{{ x }}{% endfor %}
{% for x in [[1, [2]], [3]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}@{{ loop.depth }}{{ loop.depth0 }}{% endif %}{% endfor %}
{{ 'The quick brown-fox jumps over the lazy dog' | wordwrap(10) }}|{{ 'a b' | wordwrap }}|{{ 'exactly ten' | wordwrap(7) }}
{{ 'abcdefghijkl mn' | wordwrap(5) }}|{{ 'abcdefghijkl mn' | wordwrap(5, false) }}|{{ 'ab-cd-ef gh' | wordwrap(4) }}|{{ 'ab-cd-ef gh' | wordwrap(4, break_on_hyphens=false) }}
{{ 'one two\n\nthree   four\r\nfive' | wordwrap(6, wrapstring=' / ') }}|{{ 'x -- y--z, e-mail re-re-use 3-4 --- a' | wordwrap(5) }}|{{ 'a\tb  c' | wordwrap(3) }}
{{ 'aé😀😀😀 bb' | wordwrap(3) }}|{{ '   lead  trail   ' | wordwrap(7) }}|{{ '' | wordwrap(3) }}|{{ '-----x y' | wordwrap(3) }}|{{ 'abc defgh' | wordwrap(4) }}|{{ 'ab- c-d' | wordwrap(2) }}
{{ 'a' | wordwrap(0) }}
{{ 5 | wordwrap }}
{{ {'class': 'a "b" <c>', 'id': 1, 'x': none, 'y': true, 'l': l} | xmlattr }}|{{ {'a': nothing} | xmlattr }}|{{ {'a': 1, 'b': 2} | xmlattr(false) }}|{{ {} | xmlattr }}
{{ {'a b': 1} | xmlattr }}
{{ l | xmlattr }}
{{ '1d' | float }} {{ '1f' | float(3) }} {{ '0x1p3' | float }} {{ '1_0' | float }} {{ 'nan' | float }} {{ ' 1e5 ' | float }} {{ '１' | float }} {{ '1__0' | float }} {{ '.5' | float }} {{ '5.' | float }} {{ '.' | float }} {{ '-INF' | float }}
{{ '1__0' | int }} {{ '_1' | int(7) }} {{ '１２' | int }} {{ '1d' | int(7) }} {{ '1_2.5' | int }} {{ '0b11' | int(base=0) }} {{ '0x_f' | int(1, 16) }} {{ '011' | int(7, 0) }} {{ '00' | int(7, 0) }} {{ '٣' | int }} {{ 'inf' | int(3) }} {{ 'z' | int(7, 37) }} {{ '+ 5' | int(9) }}
{{ 'inf' | float | int(5) }}
{{ 2.0 % -1 }} {{ -2.0 % 1 }} {{ -0.0 % 1 }} {{ 0.0 // -1 }} {{ 1.0 // 0.1 }} {{ 7 // -0.7 }} {{ 3.0 % 0.1 }} {{ -0.0 | abs }} {{ -0.4 | round }} {{ 10 ** -23 }}
{{ 0 ** -1 }}
{{ 10.0 ** 400 }}
{{ 'a\u00a0bc \u3000xy\u2028zz\x1cqq (ﬁn' | title }}
{{ (1, 2) in d }} {{ {(1, 2): 3} }} {{ {(1, 2): 3}[(1.0, 2)] }} {{ [{'a': 1}, {}, {'b': 1}] | unique(attribute='a') | list }} {{ -0.0 | round(1, 'ceil') }}
{% macro m(a, b=2) %}{{ m.name }}{{ a }}{% endmacro %}{{ m(1) }} {{ m.name }} {{ m.arguments }} {{ m.catch_kwargs }} {{ m.catch_varargs }} {{ m.caller }} {{ m.nothing is defined }}
"""


def main():
    path = sys.argv[1]
    with open(path) as file:
        golden = json.load(file)
    known = [probe["template"] for probe in golden["probes"]]
    more = [line for line in MORE.strip().split("\n") if line not in known]
    golden["probes"] = [probe(template, golden["variables"]) for template in known + more]
    with open(path, "w") as file:
        json.dump(golden, file, ensure_ascii=False, indent=0)
        file.write("\n")


def probe(template, variables):
    try:
        return {"template": template, "rendered": _compile_jinja_template(template).render(**variables)}
    except Exception as e:
        return {"template": template, "error": f"{type(e).__name__}: {e}"[:200]}


main()
