{# True for packets of the partition that LOOKMATCH_PARTITION_MARKET and LOOKMATCH_PARTITION_DAY name; unset means all. #}
{% macro in_partition(market, landed_day) -%}
    {%- set wanted_market = env_var('LOOKMATCH_PARTITION_MARKET', '') -%}
    {%- set wanted_day = env_var('LOOKMATCH_PARTITION_DAY', '') -%}
    (true
    {%- if wanted_market %} and {{ market }} = '{{ wanted_market }}'{% endif -%}
    {%- if wanted_day %} and {{ landed_day }} = date '{{ wanted_day }}'{% endif -%})
{%- endmacro %}
