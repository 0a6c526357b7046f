using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Idempotency.Filters.Tests.Support;

/// <summary>Changes what the services see. <c>builder.Environment</c> is another object.</summary>
internal static class TestEnvironment
{
    public static void UseEnvironment(this WebApplicationBuilder builder, string environment, string? application = null)
    {
        var service = builder.Services.Last(service => service.ServiceType == typeof(IHostEnvironment));
        var host = (IHostEnvironment)service.ImplementationInstance!;
        host.EnvironmentName = environment;
        host.ApplicationName = application ?? host.ApplicationName;
    }
}
