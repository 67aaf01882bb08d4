//! A web server with MTA-STS policies and autoconfiguration files over HTTPS: the module http.server of Python. Read
//! next: `keeper`.

use super::free_port;
use super::keeper::{Keeper, Launch, Sign, directory, write};
use super::pki::Authority;

pub struct WebServer {
    pub port: u16,
    _keeper: Keeper,
}

/// Arguments: the directory, the port.
const PROGRAM: &str = r#"
import http.server, os, ssl, sys
directory, port = sys.argv[1], int(sys.argv[2])
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        page = directory + "/" + self.headers["Host"].split(":")[0]
        path = self.path.split("?")[0]
        found = path in ("/.well-known/mta-sts.txt", "/mail/config-v1.1.xml") and os.path.exists(page)
        body = open(page, "rb").read() if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory + "/web.crt", directory + "/web.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

impl WebServer {
    /// Serves these policies or files at the well-known paths, each for its host. The certificate, which the CA issues,
    /// is valid for the named hosts.
    pub fn start(authority: &Authority, named: &[&str], policies: &[(&str, &str)]) -> WebServer {
        let directory = directory("web");
        let path = directory.path();
        let port = free_port();
        let certificate = authority.for_hosts("web", named);
        std::fs::copy(&certificate.chain, path.join("web.crt")).unwrap();
        std::fs::copy(&certificate.key, path.join("web.key")).unwrap();
        for (host, policy) in policies {
            write(&path.join(host), policy);
        }
        let command = ["python3", "-c", PROGRAM, &path.display().to_string(), &port.to_string()].map(str::to_owned);
        let ready = vec![Sign::Address(([127, 0, 0, 1], port).into())];
        WebServer {
            port,
            _keeper: Keeper::start(Launch { directory, command: command.into(), ready, logs: Vec::new() }),
        }
    }
}
