//! What a service says of its own objects and methods.

use crate::client::Client;
use anyhow::{Context as _, Result};
use zbus::Connection;

/// A method of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Method {
    /// The object's path.
    pub path: String,
    /// Its interface, whole.
    pub interface: String,
    /// Its name.
    pub name: String,
    /// The types of what it takes.
    pub arguments: Vec<String>,
}

/// Every method of every object of `org.hayesd1`, in a fixed order.
///
/// # Errors
/// The service does not tell.
pub async fn methods(connection: &Connection) -> Result<Vec<Method>> {
    let interface = Some("org.freedesktop.DBus.Introspectable");
    let reply = connection
        .call_method(Some("org.hayesd1"), "/", interface, "Introspect", &())
        .await?;
    let mut all = of_tree(reply.body().deserialize()?);
    all.sort();
    Ok(all)
}

/// Of a node and the nodes within, a tag a line.
pub(crate) fn of_tree(xml: &str) -> Vec<Method> {
    let (mut methods, mut interface) = (Vec::<Method>::new(), String::new());
    let mut path: Vec<String> = Vec::new();
    for line in xml.lines().map(str::trim) {
        let name = attribute(line, "name").unwrap_or_default();
        if line.starts_with("<node ") {
            path.push(name.to_owned());
        } else if line == "</node>" {
            path.pop();
        } else if line.starts_with("<interface ") {
            interface = name.to_owned();
        } else if line.starts_with("<method ") {
            methods.push(Method {
                path: format!("/{}", path.join("/")),
                interface: interface.clone(),
                name: name.to_owned(),
                arguments: Vec::new(),
            });
        } else if line.starts_with("<arg ")
            && attribute(line, "direction") == Some("in")
            && let (Some(method), Some(kind)) = (methods.last_mut(), attribute(line, "type"))
        {
            method.arguments.push(kind.to_owned());
        }
    }
    methods
}

/// An attribute of a tag that has its line to itself, as all have here.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// All properties of all objects, in every way in which they can be asked for, as the bus carries them.
///
/// # Errors
/// The service does not answer.
pub async fn properties(client: &Client) -> Result<Vec<u8>> {
    let manager = Some("org.freedesktop.DBus.ObjectManager");
    let connection = client.connection();
    let reply = connection
        .call_method(
            Some("org.hayesd1"),
            "/org/hayesd1",
            manager,
            "GetManagedObjects",
            &(),
        )
        .await
        .context("GetManagedObjects")?;
    Ok(reply.body().data().to_vec())
}
