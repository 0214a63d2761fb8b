//! Puts a value at a named place of a JSON document.

use serde_json::{Map, Value};

/// Puts `value` at `name`, e.g. `account.email` or `items.0.sku`, making the objects and lists on the
/// way. A step that is a number is a position of a list. A place that is taken is overwritten.
pub(super) fn put(root: &mut Value, name: &str, value: Value) {
    let mut at = root;
    for step in name.split('.') {
        at = match step.parse::<usize>() {
            Ok(index) => element(at, index),
            Err(_) => member(at, step),
        };
    }
    *at = value;
}

fn member<'a>(at: &'a mut Value, name: &str) -> &'a mut Value {
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    &mut at[name]
}

fn element(at: &mut Value, index: usize) -> &mut Value {
    if !at.is_array() {
        *at = Value::Array(Vec::new());
    }
    if let Value::Array(list) = at
        && list.len() <= index
    {
        list.resize(index + 1, Value::Null);
    }
    &mut at[index]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn makes_what_is_on_the_way() {
        let mut root = json!({});
        put(&mut root, "a", json!(1));
        put(&mut root, "b.c.d", json!(2));
        put(&mut root, "b.e", json!(3));
        put(&mut root, "l.1.x", json!(4));
        assert_eq!(root, json!({"a":1,"b":{"c":{"d":2},"e":3},"l":[null,{"x":4}]}));
    }
}
