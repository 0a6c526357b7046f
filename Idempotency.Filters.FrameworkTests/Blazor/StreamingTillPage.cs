using Microsoft.AspNetCore.Components;

namespace Idempotency.Filters.FrameworkTests.Blazor;

/// <summary>A page that is sent before its work is done, and completed afterwards.</summary>
[Route("/streaming-till"), StreamRendering]
public sealed class StreamingTillPage : TillPage
{
    protected override Task WorkAsync() => Task.Delay(1);
}
