using Microsoft.AspNetCore.Components;

namespace Idempotency.Filters.FrameworkTests.Blazor;

[Route("/exempt-till"), IdempotencyExempt]
public sealed class ExemptTillPage : TillPage;
