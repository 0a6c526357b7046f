using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.TestSupport;

internal sealed record LogLine(string Category, LogLevel Level, EventId Id, string Message, Exception? Exception);
