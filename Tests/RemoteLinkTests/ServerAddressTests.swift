import Testing

@testable import RemoteLink

struct ServerAddressTests {
    @Test func whatURLsMean() throws {
        #expect(try ServerAddress("redis://cache").places == [.tcp(host: "cache", port: 6379)])
        #expect(try ServerAddress("REDIS://cache:7000/3").database == 3)
        let secure = try ServerAddress("rediss://reader@[fe80::1]:7001")
        #expect(secure.usesTLS && secure.user == "reader")
        #expect(secure.places == [.tcp(host: "fe80::1", port: 7001)])
        #expect(try ServerAddress("redis+unix:///run/a%20b.sock").places == [.unix(path: "/run/a b.sock")])
        let cluster = try ServerAddress("redis+cluster://a,b:7002")
        #expect(cluster.topology == .cluster)
        #expect(cluster.places == [.tcp(host: "a", port: 6379), .tcp(host: "b", port: 7002)])
        let sentinel = try ServerAddress("redis+sentinel://a,b/main/2")
        #expect(sentinel.topology == .sentinel(master: "main") && sentinel.database == 2)
        #expect(sentinel.places.first == .tcp(host: "a", port: 26379))
    }

    @Test func whatIsWrongIsNamedAndNoPasswordIsRepeated() {
        for (text, complaint) in [
            ("cache:6379", "is no URL"), ("http://cache", "\"http\" is not a scheme"),
            ("redis://", "names no host"),
            ("redis://:secret@cache", "--remote-password-file"),
            ("redis://u:secret@cache", "--remote-password-file"),
            ("redis://cache:0", "\"0\" is not a port"), ("redis://cache:x", "\"x\" is not a port"),
            ("redis://::1", "in brackets"), ("redis://[::1", "lacks the ]"), ("redis://a,b", "several hosts"),
            ("redis://a/b", "not the number of a database"), ("redis+unix://run/x", "redis+unix:///"),
            ("redis+unix://", "redis+unix:///"), ("redis+cluster://a/1", "one database"),
            ("redis+sentinel://a", "name of the master"), ("redis://a b", "a space"),
            ("redis://%00@a", "user's name"),
        ] {
            do {
                _ = try ServerAddress(text)
                Issue.record("\(text) parses")
            } catch {
                #expect(error.description.contains(complaint), "\(text): \(error)")
                #expect(!error.description.contains("secret"))
            }
        }
    }

    @Test func namespaces() {
        for name in ["a", "default", "CI.main_2-x", String(repeating: "x", count: 64)] {
            #expect(RemoteNamespace.isValid(name))
        }
        for name in ["", "a b", "a{b}", "a:b", "ä", String(repeating: "x", count: 65)] {
            #expect(!RemoteNamespace.isValid(name))
        }
    }
}
