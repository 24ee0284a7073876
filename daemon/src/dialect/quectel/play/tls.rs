//! TLS contexts (SSL application note). They are remembered and read back; certificates are always
//! verified, whatever is asked for here.

use crate::dialect::quectel::names::QSSLCFG;
use crate::dialect::row::{Key, Parameter, Row, Test, Write};

const CONTEXT: Parameter = Parameter::number("SSL_ctxID", &[(0, 5)], 0);

const fn path(name: &'static str) -> Parameter {
    Parameter::text(name, 0, 84)
}

const fn key(name: &'static str, parameters: &'static [Parameter]) -> Key {
    Key::indexed(name, &CONTEXT, parameters)
}

const fn switch(name: &'static str) -> Parameter {
    Parameter::number(name, &[(0, 1)], 0)
}

pub(super) const ROWS: &[Row] = &[Row {
    test: Test::Derived,
    write: Write::Keys(&[
        key(
            "sslversion",
            &[Parameter::number("sslversion", &[(0, 4)], 4)],
        ),
        key(
            "ciphersuite",
            &[Parameter::words("cipher_suites", "0XFFFF")],
        ),
        key("cacert", &[path("cacertpath")]),
        key("clientcert", &[path("client_cert_path")]),
        key(
            "clientkey",
            &[
                path("client_key_path"),
                Parameter::text("client_key_pwd", 0, 50)
                    .or_initial()
                    .masked()
                    .unread(),
            ],
        ),
        key("seclevel", &[Parameter::number("seclevel", &[(0, 2)], 0)]),
        key(
            "ignorelocaltime",
            &[Parameter::number("ignore_ltime", &[(0, 1)], 1)],
        ),
        key(
            "negotiatetime",
            &[Parameter::number("negotiate_time", &[(10, 300)], 300)],
        ),
        key("sni", &[switch("sni")]),
        key("closetimemode", &[switch("close_time_mode")]),
        key("session_cache", &[switch("session_cache")]),
        key("renegotiation", &[switch("renegotiation")]),
        key("dtls", &[switch("dtls")]),
        key(
            "dtlsversion",
            &[Parameter::number("dtls_version", &[(0, 2)], 0)],
        ),
        key(
            "ignoremulticertchainverify",
            &[switch("ignore_multi_cert_chain_verify")],
        ),
        key(
            "ignoreinvalidcertsign",
            &[switch("ignore_invalid_cert_sign")],
        ),
    ]),
    ..Row::named(QSSLCFG)
}];
