{# True for packets of the partitions that are built: those of the markets in LOOKMATCH_PARTITION_MARKET (joined by commas), from
   LOOKMATCH_PARTITION_DAY up to and with LOOKMATCH_PARTITION_LAST_DAY, which is the same day when unset. Unset means all. #}
{% macro in_partition(market, landed_day) -%}
    {%- set wanted_markets = env_var('LOOKMATCH_PARTITION_MARKET', '') -%}
    {%- set wanted_day = env_var('LOOKMATCH_PARTITION_DAY', '') -%}
    {%- set last_day = env_var('LOOKMATCH_PARTITION_LAST_DAY', '') or wanted_day -%}
    (true
    {%- if wanted_markets %} and {{ market }} in ('{{ wanted_markets.split(',') | join("', '") }}'){% endif -%}
    {%- if wanted_day %} and {{ landed_day }} between date '{{ wanted_day }}' and date '{{ last_day }}'{% endif -%})
{%- endmacro %}
