using System.Collections.Concurrent;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Support;

/// <summary>Keeps Data Protection keys in memory, so that applications can share or lose them.</summary>
internal sealed class KeyRing : IXmlRepository
{
    private readonly ConcurrentQueue<XElement> _keys = [];

    public IReadOnlyCollection<XElement> GetAllElements() => _keys;

    public void StoreElement(XElement element, string friendlyName) => _keys.Enqueue(element);

    /// <summary>Protects records with this ring.</summary>
    public void Protect(IServiceCollection services)
    {
        services.AddIdempotency().ProtectRecords();
        services.AddDataProtection().SetApplicationName("tests");
        services.Configure<KeyManagementOptions>(options => options.XmlRepository = this);
    }
}
