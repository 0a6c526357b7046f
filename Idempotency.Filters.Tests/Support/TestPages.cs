using Microsoft.AspNetCore.Mvc.ApplicationParts;
using Microsoft.AspNetCore.Mvc.Razor.Compilation;
using Microsoft.AspNetCore.Razor.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Support;

/// <summary>Only the compiled pages and views that the test names.</summary>
internal static class TestPages
{
    public static IServiceCollection AddPages(this IServiceCollection services, params string[] names)
    {
        services.AddRazorPages().ConfigureApplicationPartManager(parts => parts.ApplicationParts.Add(new Part(names)));
        return services;
    }

    private sealed class Part(string[] names) : ApplicationPart, IRazorCompiledItemProvider
    {
        public override string Name => "Pages";

        public IEnumerable<RazorCompiledItem> CompiledItems => new RazorCompiledItemLoader()
            .LoadItems(typeof(TestPages).Assembly)
            .Where(item => names.Any(name => item.Identifier == $"/Pages/{name}.cshtml" || item.Identifier == $"/Views/{name}.cshtml"));
    }
}
