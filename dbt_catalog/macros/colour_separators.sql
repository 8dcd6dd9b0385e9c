{# What stands between the parts of a colour such as Black/White; `feeds/vocabulary.py` splits by the same. #}
{% macro colour_separators() -%}
    E'[/／,，、・|+&＋＆×]|\\s(?:and|x)\\s'
{%- endmacro %}
