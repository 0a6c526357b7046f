// A campaign keeps all processors busy by itself.
[assembly: NonParallelizable]
