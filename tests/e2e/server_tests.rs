//! The test server itself.

use std::time::Duration;

use crate::server::Server;

/// A browser keeps several connections open; a server that answers one only after another closes
/// makes pages stand still at random.
#[tokio::test]
async fn the_server_answers_every_connection_while_the_others_stay_open() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "here").unwrap();
    let server = Server::start(folder.path());
    let address = server.url().replace("http://", "");
    for _ in 0..100 {
        let mut connections = Vec::new();
        for _ in 0..8 {
            let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
            let request = b"GET /index.html HTTP/1.1\r\nHost: here\r\n\r\n";
            stream.write_all(request).await.unwrap();
            connections.push(stream);
        }
        for stream in &mut connections {
            let mut answer = [0; 12];
            tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer))
                .await
                .expect("an answer")
                .unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
    }
    assert_eq!(server.requests().len(), 800);
    server.stop();
}
