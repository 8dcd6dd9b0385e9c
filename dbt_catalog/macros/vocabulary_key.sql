{# How words are compared: full-width and half-width alike, no case, no space around, single spaces within. #}
{% macro vocabulary_key(expression) -%}
    regexp_replace(lower(normalize(btrim({{ expression }}), NFKC)), '\s+', ' ', 'g')
{%- endmacro %}
