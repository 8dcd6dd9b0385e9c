{# Every value is one of the vocabulary's or `unmapped`. #}
{% test known_or_unmapped(model, column_name, to) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} <> 'unmapped' and {{ column_name }} not in (select {{ column_name }} from {{ to }})
{% endtest %}
