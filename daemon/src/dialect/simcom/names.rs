//! The commands' names, as both sides spell them.

// Internet Service manual, chapter SMTP.
/// Server and port.
pub const SMTPSRV: &str = "+SMTPSRV";
/// Whether and how to log in.
pub const SMTPAUTH: &str = "+SMTPAUTH";
/// Sender.
pub const SMTPFROM: &str = "+SMTPFROM";
/// Recipients.
pub const SMTPRCPT: &str = "+SMTPRCPT";
/// Subject.
pub const SMTPSUB: &str = "+SMTPSUB";
/// Body, as a string or in data mode.
pub const SMTPBODY: &str = "+SMTPBODY";
/// Attachments.
pub const SMTPFILE: &str = "+SMTPFILE";
/// Sends.
pub const SMTPSEND: &str = "+SMTPSEND";
/// Aborts a sending.
pub const SMTPSTOP: &str = "+SMTPSTOP";
/// The line that tells how a sending goes.
pub const SMTP: &str = "+SMTP";

// Chapter POP3.
/// Server and account.
pub const POP3SRV: &str = "+POP3SRV";
/// Logs in.
pub const POP3IN: &str = "+POP3IN";
/// How much there is.
pub const POP3NUM: &str = "+POP3NUM";
/// Numbers and sizes.
pub const POP3LIST: &str = "+POP3LIST";
/// From, Date and Subject of a mail.
pub const POP3HDR: &str = "+POP3HDR";
/// Fetches a mail into the module's files.
pub const POP3GET: &str = "+POP3GET";
/// Marks a mail to be deleted.
pub const POP3DEL: &str = "+POP3DEL";
/// Logs out; what was marked is deleted.
pub const POP3OUT: &str = "+POP3OUT";
/// Aborts a session.
pub const POP3STOP: &str = "+POP3STOP";
/// Prints a mail that was fetched.
pub const POP3READ: &str = "+POP3READ";
/// The line that tells how it goes.
pub const POP3: &str = "+POP3";

// Chapter FTP.
/// Port of the server.
pub const CFTPPORT: &str = "+CFTPPORT";
/// Active or passive.
pub const CFTPMODE: &str = "+CFTPMODE";
/// Binary or ASCII.
pub const CFTPTYPE: &str = "+CFTPTYPE";
/// Server.
pub const CFTPSERV: &str = "+CFTPSERV";
/// User.
pub const CFTPUN: &str = "+CFTPUN";
/// Password.
pub const CFTPPW: &str = "+CFTPPW";
/// From the server into the module's files.
pub const CFTPGETFILE: &str = "+CFTPGETFILE";
/// From the module's files to the server.
pub const CFTPPUTFILE: &str = "+CFTPPUTFILE";
/// From the server to the line.
pub const CFTPGET: &str = "+CFTPGET";
/// From the line to the server, in data mode.
pub const CFTPPUT: &str = "+CFTPPUT";
/// Lists a folder of the server (later firmware).
pub const CFTPLIST: &str = "+CFTPLIST";

// Chapter HTTP.
/// Passes a request and its answer.
pub const CHTTPACT: &str = "+CHTTPACT";

// File system (AT commands of sister families).
/// The current directory.
pub const FSCD: &str = "+FSCD";
/// Makes a directory.
pub const FSMKDIR: &str = "+FSMKDIR";
/// Removes a directory.
pub const FSRMDIR: &str = "+FSRMDIR";
/// Lists the current directory.
pub const FSLS: &str = "+FSLS";
/// Deletes files.
pub const FSDEL: &str = "+FSDEL";
/// Renames a file.
pub const FSRENAME: &str = "+FSRENAME";
/// Size and date of a file.
pub const FSATTRI: &str = "+FSATTRI";
/// Space.
pub const FSMEM: &str = "+FSMEM";
/// Formats the card.
pub const FSFMT: &str = "+FSFMT";
/// Where mail is stored.
pub const FSLOCA: &str = "+FSLOCA";
/// Takes a file from the line, in data mode.
pub const CFTRANRX: &str = "+CFTRANRX";
/// Gives a file to the line.
pub const CFTRANTX: &str = "+CFTRANTX";
/// Copies a file (later firmware).
pub const FSCOPY: &str = "+FSCOPY";
/// Gives a file to the line by XMODEM.
pub const CTXFILE: &str = "+CTXFILE";
/// Takes one by XMODEM.
pub const CRXFILE: &str = "+CRXFILE";

// Bearer, clock, port.
/// A context.
pub const CGSOCKCONT: &str = "+CGSOCKCONT";
/// Who we are to the access point.
pub const CSOCKAUTH: &str = "+CSOCKAUTH";
/// The context that services use.
pub const CSOCKSETPN: &str = "+CSOCKSETPN";
/// Clock.
pub const CCLK: &str = "+CCLK";
/// The port that unsolicited lines and data go to.
pub const CATR: &str = "+CATR";

// 27.007 and V.250.
/// A context for calls.
pub const CGDCONT: &str = "+CGDCONT";
/// Attachment to the packet service.
pub const CGATT: &str = "+CGATT";
/// Functions of the module.
pub const CFUN: &str = "+CFUN";
/// Starts it anew.
pub const CRESET: &str = "+CRESET";
/// Switches it off.
pub const CPOF: &str = "+CPOF";
/// Signal.
pub const CSQ: &str = "+CSQ";
/// Verbosity of errors.
pub const CMEE: &str = "+CMEE";
/// SIM.
pub const CPIN: &str = "+CPIN";
/// Registration, circuit switched.
pub const CREG: &str = "+CREG";
/// Registration, packet switched.
pub const CGREG: &str = "+CGREG";
