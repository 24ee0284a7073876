//! The commands' names, as both sides spell them.

// SMTP AT Commands Manual V1.0.
/// Server, account and transport settings.
pub const QSMTPCFG: &str = "+QSMTPCFG";
/// Recipients.
pub const QSMTPDST: &str = "+QSMTPDST";
/// Subject.
pub const QSMTPSUB: &str = "+QSMTPSUB";
/// Body, in data mode.
pub const QSMTPBODY: &str = "+QSMTPBODY";
/// Attachments.
pub const QSMTPATT: &str = "+QSMTPATT";
/// Forgets the composed mail.
pub const QSMTPCLR: &str = "+QSMTPCLR";
/// Sends.
pub const QSMTPPUT: &str = "+QSMTPPUT";

// TCP/IP application note.
/// Parameters of a context.
pub const QICSGP: &str = "+QICSGP";
/// Activates a context.
pub const QIACT: &str = "+QIACT";
/// Deactivates a context.
pub const QIDEACT: &str = "+QIDEACT";
/// Activates a context, the result as a line of its own.
pub const QIACTEX: &str = "+QIACTEX";
/// Deactivates a context, the result as a line of its own.
pub const QIDEACTEX: &str = "+QIDEACTEX";
/// Name servers of a context.
pub const QIDNSCFG: &str = "+QIDNSCFG";
/// The last error of a TCP/IP command.
pub const QIGETERROR: &str = "+QIGETERROR";

// SSL application note.
/// Settings of a TLS context.
pub const QSSLCFG: &str = "+QSSLCFG";

// FILE AT Commands Manual.
/// Space.
pub const QFLDS: &str = "+QFLDS";
/// Lists files.
pub const QFLST: &str = "+QFLST";
/// Deletes files.
pub const QFDEL: &str = "+QFDEL";
/// Takes a file, in data mode.
pub const QFUPL: &str = "+QFUPL";
/// Gives a file, in data mode.
pub const QFDWL: &str = "+QFDWL";

// AT Commands Manual V2.0.
/// Verbosity of errors.
pub const CMEE: &str = "+CMEE";
/// SIM.
pub const CPIN: &str = "+CPIN";
/// Registration, circuit switched.
pub const CREG: &str = "+CREG";
/// Registration, packet switched.
pub const CGREG: &str = "+CGREG";
/// Registration, LTE.
pub const CEREG: &str = "+CEREG";
/// Signal.
pub const CSQ: &str = "+CSQ";
/// Attachment to the packet service.
pub const CGATT: &str = "+CGATT";
/// Functions of the module; `1,1` restarts it.
pub const CFUN: &str = "+CFUN";
/// Switches the module off.
pub const QPOWD: &str = "+QPOWD";
/// Where unsolicited result codes go.
pub const QURCCFG: &str = "+QURCCFG";
/// Flow control of the line.
pub const IFC: &str = "+IFC";
