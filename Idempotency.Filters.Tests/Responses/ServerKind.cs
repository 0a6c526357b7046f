namespace Idempotency.Filters.Tests.Responses;

/// <summary>What a response is sent through.</summary>
internal enum ServerKind
{
    /// <summary>Kestrel over HTTP/1.1.</summary>
    Http1,

    /// <summary>Kestrel over HTTP/2.</summary>
    Http2,

    /// <summary>The in-memory server of integration tests.</summary>
    TestServer,

    /// <summary>Kestrel behind middleware that buffers the body.</summary>
    Buffered,

    /// <summary>Kestrel behind response compression, which passes each write on.</summary>
    Compressed,
}
